"""Secrets as the sources read them: those of ``streams.config_secrets``, which the workers share."""

from streams.config_secrets import SecretError, secret

__all__ = ["SecretError", "secret"]

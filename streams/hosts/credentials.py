"""How a worker gets into Kafka, in Faust's words. Knows no topic."""

import os

from faust.auth import Credentials, OAuthCredentials, SASLCredentials, SSLCredentials

from streams import kafka_access
from streams.config_access import Access


def credentials(access: Access) -> Credentials | None:
    """Return what Faust is told, None for plaintext; ConfigError where a file or a secret is missing."""
    options = kafka_access.options(access, os.environ)
    context = options.get("ssl_context")
    if provider := options.get("sasl_oauth_token_provider"):
        return OAuthCredentials(oauth_cb=provider, ssl_context=context)
    if access.is_sasl:
        user, password = options["sasl_plain_username"], options["sasl_plain_password"]
        return SASLCredentials(username=user, password=password, ssl_context=context, mechanism=options["sasl_mechanism"])
    return None if context is None else SSLCredentials(context)

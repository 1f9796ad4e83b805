"""The envelopes in which log lines travel, a family a file: how each is told and taken off. Knows no request format."""

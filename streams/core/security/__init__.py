"""Attacks, failed logins and leaked secrets: what lines show of them. Knows no topic, file or clock."""

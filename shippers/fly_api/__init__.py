"""Fly's logs API: its table, its client, and the way through its pages. ``shippers.sources.fly_api`` ships what it tells."""

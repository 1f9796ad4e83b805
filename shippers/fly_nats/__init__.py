"""Fly's NATS stream: its table, its subjects and messages, the connection, and the filling of gaps from the logs API."""

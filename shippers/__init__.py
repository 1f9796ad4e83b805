"""Brings lines to Kafka: sources give lines, batching cuts them into records, one producer sends them.

Imports point one way: sources -> streams.core.lines; records -> streams.codec; nothing here imports a host or a sink.
A new source is a new file in ``sources`` (see ``shippers.sources``) and a command in ``__main__``.
"""

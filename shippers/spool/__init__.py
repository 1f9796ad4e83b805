"""Keeps on disk what Kafka cannot take now, and ships it later: oldest first, each record behind its number.

``frames`` are bytes, ``segments`` files, ``note`` how far Kafka has acknowledged; ``spool`` holds them together, and
``outlet`` is the sink that chooses between Kafka and the disk. Only ``outlet`` knows that there is a Kafka.
"""

"""Shippers side by side that hear the same stream: each line is shipped by one of them, and another takes over.

The members of a group share the partitions of fly.logs out by Kafka's own assignment; who has a partition ships the
instances whose records go there, so the lines of an instance keep their order. Nothing is kept on disk: the topic says
which lines are there (``tail``), and the group's offsets say from when on lines may be missing (``marks``). ``lease`` is
until when a member may send, ``membership`` its place in the group, ``share`` what it has between two assignments, and
``shipping`` the loop around them.
"""

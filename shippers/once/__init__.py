"""Leaves out what had arrived before a kill, of sources that give again what lies behind their last kept position.

Each record of such a source says in its id where it stands in what the source gave since its mark: Kafka, and the spool,
are the journal (``naming``, ``ledger``). The next process reads there what has arrived (``prefix``), and holds the lines
that come again against it, record for record (``again``). ``journal`` is the file that says which ids are looked for, and
``tracking`` holds all of it together. When in doubt lines are shipped again: nothing may be lost by this.
"""

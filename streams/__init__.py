"""flywatch: Fly log lines in, alerts out.

What may import what, one way: ``__main__`` -> ``hosts`` -> ``codec``, ``settings`` -> ``core``. The core imports nothing of
these, and beside the standard library only orjson and msgspec; ``tests/test_tidy.py`` holds it to that.
"""

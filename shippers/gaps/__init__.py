"""Gaps in a live stream, filled from history: what was missed, each line once and in its place. Knows no socket or clock.

``merging`` holds the whole: connected or not, which gaps are open, what may be given now. ``fill`` is one app's way
through history, ``values`` what goes in and comes out.
"""

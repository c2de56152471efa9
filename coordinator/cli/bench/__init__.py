"""gvq bench: how fast, beside what, and what it costs. docs/performance.md tells how to read it.

    registry ─► a benchmark (line.py, growth.py, …) ─► Findings ─► table, JSON, plots

A benchmark runs what it compares side by side, interleaved, several times in one run, and checks
by the journal that what it measured was right. It never fails for being slow.
"""

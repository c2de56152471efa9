"""The independent check of a journal against I1–I8. Pure; shares nothing with the engine.

`audit(entries)` rebuilds the line from the entries alone (world.py, replay.py), asks every rule
(rules/, one file each) before each entry is applied, and gives a Report. What the rules mean
stands in coordinator/README.md.
"""

from coordinator.audit.checker import Checker, audit, begins_midway
from coordinator.audit.report import Report, Violation

__all__ = ["Checker", "Report", "Violation", "audit", "begins_midway"]

"""The checker shares nothing with the engine it checks."""

import subprocess
import sys

PROBE = """
import sys
import coordinator.audit, coordinator.why
print(*sorted(name for name in sys.modules if name.startswith("coordinator.")))
"""


def test_the_checker_imports_nothing_of_the_line() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if not name.startswith("coordinator.audit")}
    assert ours == {"coordinator.journal", "coordinator.why"}

"""The arrows between our packages, as pyproject's import contracts state them, hold."""

import subprocess
import sys
from pathlib import Path

from tests.delivery.tree import ROOT


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout

"""Real Asterisk boxes of the benchmark's own, beside those of any other lab."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ami_adapter import lab
from ami_adapter.lab.boxes import Queues, no_queues
from coordinator.cli.bench.findings import Say
from coordinator.cli.errors import CliError


@asynccontextmanager
async def real_boxes(
    folder: Path, boxes: int, say: Say, extra_dialplan: str = "", queues: Queues = no_queues
) -> AsyncIterator[list[lab.Box]]:
    """Up as long as the block runs. CliError where there can be none."""
    # No other lab's: 127.3 is nobody else's, and one process has one lab at a time.
    first = f"127.3.{os.getpid() % 256}.11"
    try:
        status = await asyncio.to_thread(
            lab.up, boxes, folder / "lab", say, first, 20, extra_dialplan, queues
        )
        yield status.boxes
    except lab.LabError as error:
        raise CliError(f"There can be no real boxes here: {error}") from None
    finally:
        await asyncio.to_thread(lab.remove, folder / "lab")


def adapter_settings(box: lab.Box) -> dict[str, str]:
    """The adapter's settings that say where this box's AMI is."""
    host, _, port = box.ami.rpartition(":")
    return {
        "GVQ_AMI_HOST": host, "GVQ_AMI_PORT": port, "GVQ_AMI_USERNAME": box.adapter_username,
        "GVQ_AMI_SECRET": box.ami_secret,
    }  # fmt: skip

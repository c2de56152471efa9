"""Record the conversation from real boxes: python -m tests.simulator.record

Starts a lab of two boxes of its own, holds the conversation and stops them. The recording in
`recordings/` is what the simulator is compared with where there is no lab.
"""

import asyncio
import json
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from ami_adapter import lab
from tests.simulator.conversation import Box, Conversation, digest
from tests.simulator.hands import LabHand

RECORDING = Path(__file__).parent / "recordings" / "asterisk-22.json"

#: Not the addresses of a lab that somebody may be using.
FIRST_ADDRESS = "127.0.0.91"


async def hold(boxes: list[lab.Box]) -> dict[str, Any]:
    """Hold the conversation with two real boxes, a and b."""
    async with AsyncExitStack() as stack:
        peers = {box.name: _peer(box) for box in boxes}
        conversation = Conversation(LabHand(boxes, stack), peers)
        await conversation.hold()
        return digest(conversation)


def _peer(box: lab.Box) -> Box:
    host, _, port = box.ami.partition(":")
    return Box(host, int(port), box.adapter_username, box.ami_secret)


def record(directory: Path) -> dict[str, Any]:
    """A lab in `directory`, the conversation, and no lab any more. Raises LabError."""
    status = lab.up(2, directory, first_address=FIRST_ADDRESS, agents=2)
    try:
        return asyncio.run(hold(status.boxes))
    finally:
        lab.remove(directory)


def main() -> None:
    """Replace the recording."""
    with tempfile.TemporaryDirectory() as directory:
        text = json.dumps(record(Path(directory)), indent=1)
    RECORDING.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""`python -m migrations "what changes"`: draft a revision from the difference to the models.

It compares with a fresh SQLite database at the newest revision. Read the draft before keeping it:
autogenerate sees no renames, and knows nothing of the rows.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from coordinator.database import normalise_url
from migrations.run import locked, upgrade


async def draft(message: str) -> None:
    """Write the draft into migrations/versions."""

    def run(config: Config) -> None:
        command.revision(config, message, autogenerate=True)

    with tempfile.TemporaryDirectory() as directory:
        url = normalise_url(None, Path(directory))
        await upgrade(url)
        await locked(url, run)


if __name__ == "__main__":
    asyncio.run(draft(sys.argv[1]))

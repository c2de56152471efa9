"""gvq serve, gvq adapter: the two programs that run for good.

Each imports its own world when it starts: neither needs the other's, and `gvq --help` none.
"""

import asyncio
import logging
import os

from coordinator.cli.environment import settings_or_sentence
from coordinator.cli.errors import CliError


def serve() -> None:
    """Run a coordinator until Ctrl-C or SIGTERM. Settings: environment GVQ_*.

    The first start prints the first admin token, once. Without GVQ_REDIS_URL it brings its own
    Valkey, without GVQ_DATABASE_URL it uses SQLite, both under GVQ_DATA_DIR.
    """
    from coordinator import app
    from coordinator.embedded import EmbeddedFailed
    from coordinator.settings import Settings

    settings = settings_or_sentence(Settings)
    _log()
    try:
        asyncio.run(app.serve(settings, announce=_print, ready=_ready))
    except (ValueError, EmbeddedFailed) as error:
        raise CliError(str(error)) from None


def _print(line: str) -> None:
    """At once, though stdout may be a file: the token is shown only now."""
    print(line, flush=True)


def _ready(url: str) -> None:
    _print(f"The coordinator answers at {url} (documentation: {url}/docs)")


def adapter() -> None:
    """Run one box's adapter until Ctrl-C or SIGTERM.

    Callers keep holding when it stops. Settings: GVQ_COORDINATOR_URL, GVQ_BOX, GVQ_TOKEN,
    GVQ_AMI_HOST, GVQ_AMI_PORT, GVQ_AMI_USERNAME, GVQ_AMI_SECRET.
    """
    from ami_adapter import daemon
    from ami_adapter.settings import Settings

    settings = settings_or_sentence(Settings)
    _log()
    asyncio.run(daemon.run(settings))


def _log() -> None:
    """To stderr; GVQ_LOG_LEVEL says from which level on."""
    level = os.environ.get("GVQ_LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        raise CliError(f"GVQ_LOG_LEVEL is {level!r}, not DEBUG, INFO, WARNING or ERROR.")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

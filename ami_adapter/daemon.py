"""The adapter's process: one epoch after the other, until it is told to stop. Decides nothing."""

import asyncio
import hashlib
import hmac
import logging
import secrets
import signal
import time
from dataclasses import dataclass

from ami_adapter.backoff import Backoff
from ami_adapter.connection import AmiError, AmiRefused, Peer, connect
from ami_adapter.epoch import Epoch, Process
from ami_adapter.executor import History
from ami_adapter.outbox import Broken
from ami_adapter.settings import Settings

log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Serves the box until SIGINT or SIGTERM, then returns; callers keep holding.

    Whatever is away, the manager or the coordinator, is tried again until it is back.
    """
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(serve(settings), name="adapter")
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, serving.cancel)
    try:
        await asyncio.wait({serving})
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    log.info("Adapter of box %s stopped; its callers keep holding.", settings.box)


async def serve(settings: Settings) -> None:
    """The same until it is cancelled, without signals."""
    process = _process(settings)
    backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s)
    number, said = 0, ""
    while True:
        number = max(number + 1, time.time_ns() // 1000)
        end = await _epoch(process, number)
        # A task group in which something fails at the moment of our cancellation swallows it.
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError
        if end.settled:
            backoff.reset()
            said = ""
        if end.reason != said:  # once, not at every try
            log.log(logging.ERROR if end.refused else logging.WARNING, "%s", end.reason)
            said = end.reason
        await asyncio.sleep(settings.refused_retry_s if end.refused else backoff.pause())


@dataclass(frozen=True, slots=True)
class _End:
    """Why an epoch ended. `settled`: the line had taken its snapshot. `refused`: by the manager."""

    reason: str
    settled: bool = False
    refused: bool = False


async def _epoch(process: Process, number: int) -> _End:
    try:
        session = await connect(_peer(process.settings), process.now_us)
    except AmiError as error:
        return _End(str(error), refused=isinstance(error, AmiRefused))
    epoch = Epoch(process, session, number)
    try:
        await epoch.begin()
        await epoch.run()
        reason = "the epoch ended by itself"
    except (AmiError, Broken) as error:
        return _End(str(error), epoch.settled, isinstance(error, AmiRefused))
    except Exception:
        # A fault of ours: the callers must not lose their adapter over it.
        log.exception("Epoch %d failed; a new one begins.", number)
        reason = f"epoch {number} failed"
    finally:
        await session.close()
    return _End(reason, epoch.settled)


def _process(settings: Settings) -> Process:
    return Process(
        settings=settings,
        instance=secrets.token_hex(8),
        key=_key(settings),
        history=History(),
        now_us=_now_us,
        wall_s=time.time,
    )


def _key(settings: Settings) -> str:
    """What the dialplan's events carry: the same for every adapter of the box, before a restart
    and after it. One that is started by mistake, and refused by the line, changes nothing so.
    """
    token = settings.token.get_secret_value().encode()
    return hmac.new(token, f"events of {settings.box}".encode(), hashlib.sha256).hexdigest()


def _peer(settings: Settings) -> Peer:
    return Peer(
        host=settings.ami_host,
        port=settings.ami_port,
        username=settings.ami_username,
        secret=settings.ami_secret.get_secret_value(),
        deadline_s=settings.ami_deadline_s,
        ping_s=settings.ami_ping_s,
    )


def _now_us() -> int:
    return time.monotonic_ns() // 1000

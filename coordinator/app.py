"""The composition root: builds every part of a coordinator, starts and stops it, decides nothing.

    embedded Valkey ─► SQL (migrated) ─► line ─► keeper, history, live ─► links ─► API, manager

Stopped in the reverse order: first no new work, then each box's link with a word to the line,
then the readers of the journal, and last what everything stood on.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

import migrations
from coordinator.api.app import create_app
from coordinator.api.services import Services
from coordinator.asterisk_config import ConfigError
from coordinator.boxes.clock import Clock
from coordinator.boxes.keeper import QUIET_S, Keeper
from coordinator.boxes.lamps import Board
from coordinator.boxes.links import LinkServer
from coordinator.boxes.session import Common
from coordinator.database import AWAY as SQL_AWAY
from coordinator.database import Database, normalise_url
from coordinator.directory.directory import Directory
from coordinator.directory.tokens import Tokens
from coordinator.embedded import EmbeddedValkey
from coordinator.errors import Refused
from coordinator.history.consumer import Consumer
from coordinator.history.live import Live
from coordinator.history.queries import History
from coordinator.line import keys
from coordinator.line.engine import Engine, TransitionFailed
from coordinator.line.scripts import Timing
from coordinator.manager.parts import Parts
from coordinator.manager.server import serving
from coordinator.manager.users import Users
from coordinator.manager.users import load as load_users
from coordinator.queue_log.lines import Style
from coordinator.queue_log.table import Table
from coordinator.queue_log.writer import Writer
from coordinator.redis_client import AWAY, connected, eviction, server_id
from coordinator.server import listen, stopping, url_of, web_server
from coordinator.settings import Settings
from coordinator.tasks import cancel, to_its_end

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between looks whether the line lags behind the directory.
MIRROR_S = 2.0

#: Seconds until a part that failed in a way nobody foresaw is started again.
REVIVE_S = 1.0


@dataclass(frozen=True, slots=True)
class Coordinator:
    """A running coordinator, without its web server. `now_us`: the line's time."""

    settings: Settings
    engine: Engine
    database: Database
    directory: Directory
    tokens: Tokens
    history: History
    live: Live
    links: LinkServer
    keeper: Keeper
    lamps: Board
    now_us: Callable[[], Awaitable[int]]


def say(text: str) -> None:
    """To stdout at once: whoever waits for a token must not wait for a buffer."""
    print(text, flush=True)


async def serve(
    settings: Settings,
    announce: Callable[[str], None] = say,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """A coordinator until SIGINT or SIGTERM, all of it.

    Args:
        announce: told the secret of the first admin token, once in a database's life.
        ready: told the API's URL once it answers.
        stop: ends it as the signals do.

    Raises ValueError for a setting that is wrong, OSError or EmbeddedFailed for what is taken.
    """
    users = _manager_users(settings)
    with closing(listen(settings.listen)) as listener, _manager_socket(settings) as manager:
        async with running(settings) as coordinator:
            if secret := await coordinator.tokens.first_admin():
                announce(f"First admin token, shown only now: {secret}")
            stop = stop or asyncio.Event()
            with stopping(stop.set):
                async with (
                    _answering(coordinator, listener, stop),
                    _managing(coordinator, manager, users),
                ):
                    log.info("coordinator %s answers at %s", settings.name, url_of(listener))
                    if ready is not None:
                        ready(url_of(listener))
                    await stop.wait()
                    log.info("stopping")


@asynccontextmanager
async def _answering(
    coordinator: Coordinator, listener: socket.socket, stop: asyncio.Event
) -> AsyncIterator[None]:
    """The API for as long as the block runs. Links and streams end first, then connections."""
    server = web_server(create_app(_shared(coordinator, Services)))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    serving.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        coordinator.live.stop()
        await coordinator.links.stop()
        server.should_exit = True
        await serving


def _manager_users(settings: Settings) -> Users:
    """Raises ValueError: one sentence."""
    if settings.ami_listen is None:
        if settings.ami_users is not None:
            raise ValueError("GVQ_AMI_USERS is set, but not GVQ_AMI_LISTEN: where do they log in?")
        return {}
    if settings.ami_users is None:
        raise ValueError("GVQ_AMI_LISTEN is set, but not GVQ_AMI_USERS: who may log in?")
    try:
        return load_users(settings.ami_users)
    except ConfigError as error:
        raise ValueError(f"GVQ_AMI_USERS: {error}") from None


@contextmanager
def _manager_socket(settings: Settings) -> Iterator[socket.socket | None]:
    if settings.ami_listen is None:
        yield None
    else:
        with closing(listen(settings.ami_listen, "GVQ_AMI_LISTEN")) as listener:
            yield listener


@asynccontextmanager
async def _managing(
    coordinator: Coordinator, listener: socket.socket | None, users: Users
) -> AsyncIterator[None]:
    """The virtual manager, if one is wanted, for as long as the block runs."""
    if listener is None:
        yield
    else:
        async with serving(listener, users, _shared(coordinator, Parts)):
            yield


def _shared(coordinator: Coordinator, kind: Callable[..., T]) -> T:
    """Those parts of the coordinator that another room's dataclass names."""
    names = getattr(kind, "__dataclass_fields__", ())
    return kind(**{name: getattr(coordinator, name) for name in names})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Coordinator]:
    """A coordinator that runs as long as the block. Raises what stops it from starting.

    A Redis that is away does not: the links are refused and everything waits until it is there.
    """
    async with AsyncExitStack() as stack:
        _make_data_dir(settings.data_dir)
        redis_url = settings.redis_url or await _embedded(stack, settings)
        database = await _database(stack, settings)
        coordinator = await _build(stack, settings, redis_url, database)
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "keeper": coordinator.keeper.run,
            "live events": coordinator.live.run,
            **({"lamps": coordinator.lamps.run} if settings.lamps != "off" else {}),
            "directory": partial(_keep_mirrored, coordinator.directory),
            **_journal_writers(coordinator),
        }
        tasks = [
            asyncio.create_task(_for_ever(name, run), name=name) for name, run in parts.items()
        ]
        stack.push_async_callback(cancel, tasks)
        stack.push_async_callback(coordinator.links.stop)
        stack.callback(coordinator.live.stop)
        yield coordinator


def _journal_writers(here: Coordinator) -> dict[str, Callable[[], Awaitable[None]]]:
    """What keeps the journal elsewhere: the history, and queue_log where it is wanted."""
    settings = here.settings
    style = Style(settings.queue_log_agent == "name", settings.queue_log_caller_name)
    beside = Table(style).write if settings.queue_log_table else None
    history = Consumer(here.engine, here.database, settings.journal_keep, beside)
    if settings.queue_log is None:
        return {"history": history.run}
    writer = Writer(here.engine, here.history, settings.queue_log, style)
    return {"history": history.run, "queue_log": writer.run}


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        sentence = f"GVQ_DATA_DIR is {str(data_dir)!r}, which cannot be made: {error.strerror}"
        raise OSError(error.errno, sentence) from None


def _no_database(url: URL, error: Exception) -> str:
    """Where it is to be and what the driver says; never the URL, which may hold a password."""
    why = " ".join(str(getattr(error, "orig", error)).split())
    where = url.host or url.database
    return f"GVQ_DATABASE_URL: the database at {where} cannot be opened: {why}"


async def _embedded(stack: AsyncExitStack, settings: Settings) -> str:
    valkey = EmbeddedValkey(settings.data_dir / "valkey")
    await valkey.start()
    stack.push_async_callback(valkey.stop)
    return valkey.url


async def _database(stack: AsyncExitStack, settings: Settings) -> Database:
    url = normalise_url(settings.database_url, settings.data_dir)
    try:
        await migrations.upgrade(url)
    except SQL_AWAY as error:
        raise ValueError(_no_database(url, error)) from None
    database = Database(url)
    stack.push_async_callback(database.close)
    return database


async def _build(
    stack: AsyncExitStack, settings: Settings, redis_url: str, database: Database
) -> Coordinator:
    redis = await stack.enter_async_context(connected(redis_url))
    clock = Clock()
    engine = Engine(redis, settings.tenant, _timing(settings), on_timer=clock.notice)
    directory = Directory(database, engine)
    history = History(engine, database)
    journal = keys.key(settings.tenant, "journal")
    recovery = _Recovery(engine, directory, partial(eviction, redis, journal))
    keeper = Keeper(engine, clock, partial(server_id, redis, journal), recovery.recover)
    lamps = Board(engine, settings.lamps)
    links = LinkServer(
        Common(
            engine, directory, keeper, lamps, settings.name, settings.heartbeat_s, settings.lease_s
        )
    )
    recovery.resync = links.resync
    return Coordinator(
        settings=settings,
        engine=engine,
        database=database,
        directory=directory,
        tokens=Tokens(database),
        history=history,
        live=Live(engine, history),
        links=links,
        keeper=keeper,
        lamps=lamps,
        now_us=engine.now_us,
    )


def _timing(settings: Settings) -> Timing:
    return Timing(
        lease_s=settings.lease_s,
        detach_timeout_s=settings.detach_timeout_s,
        offer_grace_s=settings.offer_grace_s,
        age_grace_s=settings.age_grace_s,
        quiet_s=QUIET_S,
    )


class _Recovery:
    """What brings a line up to date: at a coordinator's start, and after its Redis's restart."""

    def __init__(
        self,
        engine: Engine,
        directory: Directory,
        eviction: Callable[[], Awaitable[str]],
    ) -> None:
        self._engine = engine
        self._directory = directory
        self._eviction = eviction
        self.resync: Callable[[], None] = lambda: None

    async def recover(self, run_id: str) -> None:
        """Holds the line, mirrors what it may lack, asks the boxes for all they have.

        In this order: no box may meet a line that has no queues yet. Raises Refused or what
        Redis raises; then it is to be done again.
        """
        if policy := await self._eviction():
            log.error(
                "the line's Redis drops callers when its memory is full: its maxmemory-policy is "
                "%s; set it to noeviction",
                policy,
            )
        try:
            boxes = tuple(box.name for box in await self._directory.boxes() if box.enabled)
            reply = await self._engine.start(run_id, boxes)
            if reply.data["mirror"] == "1":
                await self._directory.mirror()
                await self._engine.mirrored(run_id)
        except SQLAlchemyError as error:
            log.error("the line cannot be mirrored, SQL does not answer: %s", error)
            raise Refused("not_ready") from error
        self.resync()


async def _keep_mirrored(directory: Directory) -> None:
    """Brings the line what a change in SQL could not, once it answers again."""
    while True:
        try:
            if await to_its_end(directory.lags()):
                await to_its_end(directory.mirror())
        except (*AWAY, Refused, SQLAlchemyError) as error:
            log.warning("the directory is not mirrored yet: %s", error)
        except TransitionFailed:
            log.exception("a defect of ours; the directory is not mirrored yet")
        await asyncio.sleep(MIRROR_S)


async def _for_ever(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Keeps a part running. One part's defect must not take the others, and the line, down."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s failed; starting it again", name)
        await asyncio.sleep(REVIVE_S)

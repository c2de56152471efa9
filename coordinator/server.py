"""The coordinator as a process: a socket, a web server, signals."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from coordinator.protocol import MAX_FRAME

#: Seconds a request that runs may take to end when the coordinator stops.
GRACE_S = 5

BACKLOG = 1024
HIGHEST_PORT = 65_535

#: Listening at any address (RFC 1122, 3.2.1.3; RFC 4291, 2.5.2) → one that can be opened.
_OPENED = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Server(uvicorn.Server):
    """Leaves signals to `stopping`: links and streams must end before connections do."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


def listen(address: str, setting: str = "GVQ_LISTEN") -> socket.socket:
    """A listening socket for `host:port` or `[v6]:port`; port 0 takes a free one.

    `setting`: where the address comes from, for the sentence when it is none.

    Raises ValueError for an address that is none, OSError when it cannot be had; both name the
    setting.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise ValueError(
            f"{setting} is {address!r}, not host:port with a port up to {HIGHEST_PORT}"
        )
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio turns Nagle's algorithm off only for sockets that say TCP,
    # and with it on, an ack that follows a command waits 40 ms for the peer's delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        sentence = f"{setting} is {address!r}, where this host cannot listen: {error.strerror}"
        raise OSError(error.errno, sentence) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Where the API is, as this host sees it: of all addresses, loopback."""
    host, port = listener.getsockname()[:2]
    host = _OPENED.get(host, host)
    shown = f"[{host}]" if listener.family == socket.AF_INET6 else host
    return f"http://{shown}:{port}"


def web_server(app: Any) -> Server:
    """uvicorn, set up for links: no ping of its own (heartbeats say more), no compression."""
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config)


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at SIGINT or SIGTERM while the block runs; in the main thread only."""
    loop = asyncio.get_running_loop()
    handled = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(RuntimeError, ValueError):
            loop.add_signal_handler(number, stop)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)

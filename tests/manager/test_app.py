"""The composition root: the manager is there when it is wanted, and with what it needs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from coordinator.app import serve
from coordinator.settings import Settings
from tests.manager.client import Ami
from tests.postgres import unused_port


def users(folder: Path, mode: int = 0o600) -> Path:
    path = folder / "ami.conf"
    path.write_text("[wall]\nsecret = seen\nread = agent\n")
    path.chmod(mode)
    return path


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder / "data", listen="127.0.0.1:0", **more)


async def test_a_coordinator_with_its_manager(tmp_path: Path) -> None:
    port = unused_port()
    wanted = settings(tmp_path, ami_listen=f"127.0.0.1:{port}", ami_users=users(tmp_path))
    ready, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(
        serve(wanted, announce=lambda _: None, ready=lambda _: ready.set(), stop=stop)
    )
    running.add_done_callback(lambda _: ready.set())
    await ready.wait()
    ami = await Ami.connect(port)
    assert await ami.done("Login", Username="wall", Secret="seen") == "Authentication accepted"
    assert await ami.listed("QueueStatus") == []
    stop.set()
    assert await ami.ended()
    await ami.close()
    await running


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"ami_listen": "5038"}, "GVQ_AMI_LISTEN is '5038', not host:port"),
        ({"ami_users": None}, "GVQ_AMI_LISTEN is set, but not GVQ_AMI_USERS: who may log in?"),
        ({"ami_listen": None}, "GVQ_AMI_USERS is set, but not GVQ_AMI_LISTEN: where do they log"),
        ({"ami_users": Path("none.conf")}, "GVQ_AMI_USERS: none.conf: No such file or directory."),
    ],
)
async def test_what_is_wrong_is_said_before_anything_starts(
    tmp_path: Path, more: dict[str, Any], sentence: str
) -> None:
    given = {"ami_listen": "127.0.0.1:0", "ami_users": users(tmp_path), **more}
    with pytest.raises(ValueError, match=sentence):
        await serve(settings(tmp_path, **given))
    assert not (tmp_path / "data").exists()


async def test_a_file_for_everybody_is_refused(tmp_path: Path) -> None:
    given = {"ami_listen": "127.0.0.1:0", "ami_users": users(tmp_path, 0o644)}
    with pytest.raises(ValueError, match=r"GVQ_AMI_USERS: .*others may read or write it"):
        await serve(settings(tmp_path, **given))

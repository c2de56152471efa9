"""The file of users: what it means, and each thing wrong with it in one sentence."""

from hashlib import md5
from pathlib import Path

import pytest

from coordinator.asterisk_config import ConfigError
from coordinator.manager.users import CLASSES, User, Users, load

GOOD = """
[general]
enabled = yes
bindaddr = 0.0.0.0

[wall]
secret = seen
read = agent,system

[boss](wall)
secret = moved
write = all
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255, 10.1.0.0/16
writetimeout = 100
"""


def write(folder: Path, text: str, mode: int = 0o640) -> Path:
    path = folder / "ami.conf"
    path.write_text(text)
    path.chmod(mode)
    return path


def users(folder: Path, text: str) -> Users:
    return load(write(folder, text))


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        users(folder, text)
    return str(caught.value).removeprefix(f"{folder}/")


def test_users(tmp_path: Path) -> None:
    found = users(tmp_path, GOOD.replace("[boss](wall)", "[boss]"))
    assert list(found) == ["wall", "boss"]
    assert found["wall"].read == {"agent", "system"}
    assert found["wall"].write == frozenset()
    assert (found["boss"].read, found["boss"].write) == (frozenset(), CLASSES)


def test_from_where(tmp_path: Path) -> None:
    found = users(tmp_path, GOOD.replace("[boss](wall)", "[boss]"))
    assert found["wall"].may_come_from("203.0.113.9")
    boss = found["boss"]
    assert [boss.may_come_from(a) for a in ("127.0.0.1", "10.1.255.1", "::ffff:10.1.0.1")] == [
        True
    ] * 3
    assert not any(boss.may_come_from(a) for a in ("127.0.0.2", "10.2.0.1", "::1", "fe80::1%eth0"))


def test_of_all_rules_that_match_the_last_one_counts(tmp_path: Path) -> None:
    text = "[a]\nsecret=x\npermit=10.0.0.0/8\ndeny=10.1.0.0/16\n"
    user = users(tmp_path, text)["a"]
    assert user.may_come_from("10.2.0.1")
    assert not user.may_come_from("10.1.0.1")
    assert user.may_come_from("192.0.2.1"), "nothing denies it"


def test_secret_and_proof() -> None:
    user = User("a", "geheim ü")
    assert user.knows("geheim ü")
    assert not user.knows("geheim")
    proof = md5("123geheim ü".encode()).hexdigest()
    assert user.proves("123", proof)
    assert not user.proves("123", proof.upper())
    assert not user.proves("124", proof)


def test_a_secret_is_never_shown() -> None:
    assert "geheim" not in repr(User("a", "geheim"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]\nread=agent\n", "ami.conf:1: [a] has no secret."),
        ("[a]\nsecret=\n", "ami.conf:1: [a] has no secret."),
        ("[a]\nsecret=x\nread=agents\n", "ami.conf:3: 'agents' is no class; allowed are all, "),
        ("[a]\nsecret=x\nsecret=y\n", "ami.conf:3: secret is set a second time in [a]."),
        (
            "[a]\nsecret=x\neventfilter=(\n",
            "ami.conf:3: eventfilter is no filter: '(' is no regular",
        ),
        (
            "[a]\nsecret=x\neventfilter=!\n",
            "ami.conf:3: eventfilter is no filter: there is nothing",
        ),
        (
            "[a]\nsecret=x\neventfilter(name(x)=\n",
            "ami.conf:3: eventfilter(name(x) is no filter: its",
        ),
        (
            "[a]\nsecret=x\neventfilter(name(x),name(y))=\n",
            "ami.conf:3: eventfilter(name(x),name(y)) is no filter: its criteria are action(…), ",
        ),
        (
            "[a]\nsecret=x\neventfilter(action(drop))=\n",
            "ami.conf:3: eventfilter(action(drop)) is no filter: action is include or exclude, ",
        ),
        ("[a]\nsecret=x\nacl=office\n", "ami.conf:3: 'acl' is not known here; allowed are "),
        (
            "[a]\nsecret=x\npermit=10.0.0.0/99\n",
            "ami.conf:3: '10.0.0.0/99' is no network; write 10.0.0.0/8, 10.0.0.0/255.0.0.0 or an "
            "address.",
        ),
        ("[a]\nsecret=x\n[a]\nsecret=y\n", "ami.conf:3: there is a user 'a' above."),
        ("[general]\nenabled=yes\n", "ami.conf: there is no user in it; "),
        ("", "ami.conf: there is no user in it; "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    assert refused(tmp_path, text).startswith(sentence)


def test_a_line_that_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    sentence = refused(tmp_path, "[a]\nsecret geheim\n")
    assert sentence.startswith("ami.conf:2: ")
    assert "geheim" not in sentence


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_file_that_others_may_read_or_write(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="others may read or write it"):
        load(write(tmp_path, GOOD, mode))


def test_an_included_file_holds_secrets_too(tmp_path: Path) -> None:
    (tmp_path / "more.conf").write_text("[b]\nsecret=y\n")
    (tmp_path / "more.conf").chmod(0o644)
    path = write(tmp_path, '[a]\nsecret=x\n#include "more.conf"\n')
    with pytest.raises(ConfigError, match=r"more\.conf: others may read"):
        load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.conf: No such file or directory\."):
        load(tmp_path / "none.conf")

"""The lab's pure parts: SIP messages, SIPp's log, apt's sources, configuration files."""

from pathlib import Path

import pytest

from ami_adapter.lab import LabError, config, mirror, root, sip, siplog

INVITE = (
    b"INVITE sip:101@127.0.0.1:5062 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.11:5060;branch=z1\r\n"
    b'From: "Ann \\"A\\" B" <sip:5550001@127.0.0.11>;tag=x\r\nTo: <sip:101@127.0.0.1>\r\n'
    b"Call-ID: c1\r\nCSeq: 7 INVITE\r\nContact: <sip:asterisk@127.0.0.11:5060>\r\n\r\nv=0\r\n"
)


def test_a_request_is_read() -> None:
    message = sip.Message.parse(INVITE)
    assert (message.method, message.status, message.body) == ("INVITE", 0, "v=0\r\n")
    assert sip.party(message["from"]) == ('Ann \\"A\\" B', "5550001")
    assert sip.uri(message["Contact"]) == "sip:asterisk@127.0.0.11:5060"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("<sip:101@h>", ("", "101")),
        ("Bob <sip:102@h>;tag=1", ("Bob", "102")),
        ("<sip:127.0.0.1:5060>", ("", "")),
        ("nonsense", ("", "")),
    ],
)
def test_parties(header: str, expected: tuple[str, str]) -> None:
    assert sip.party(header) == expected


def test_a_reply_stays_in_the_dialog_and_counts_its_body() -> None:
    reply = sip.reply(sip.Message.parse(INVITE), "200 OK", "p1", ("X", "1"), body="é")
    read = sip.Message.parse(reply.encode())
    assert (read.status, read.method, read["Call-ID"]) == (200, "INVITE", "c1")
    assert read["To"].endswith(";tag=p1")
    assert (read["X"], read["Content-Length"], read.body) == ("1", "2", "é")


def test_what_is_not_sip_is_refused() -> None:
    with pytest.raises(ValueError, match="not SIP"):
        sip.Message.parse(b"hello\r\n\r\n")


def line(at: float, way: str, cseq: str, first: str, call: str = "1-9@h") -> str:
    return f"2026-01-01\t10:00:00\t{at}\t{way}\t{call}\tCSeq:{cseq}\t{first}\n"


def test_a_call_in_sipps_log() -> None:
    (call,) = siplog.calls(
        [
            line(1.0, "S", "1 INVITE", "INVITE sip:sales@h SIP/2.0"),
            line(1.1, "R", "1 INVITE", "SIP/2.0 180 Ringing"),
            line(1.2, "R", "1 INVITE", "SIP/2.0 200 OK"),
            line(5.0, "R", "9 BYE", "BYE sip:caller@h SIP/2.0"),
            line(5.1, "S", "9 BYE", "SIP/2.0 200 OK"),
        ]
    )
    assert call == siplog.CallerLog("1-9@h", 1.0, 1.1, 1.2, 5.0, hung_up=False, refused=0)


def test_calls_that_fail_or_hang_up_and_their_order() -> None:
    first, second = siplog.calls(
        [
            line(1.0, "S", "1 INVITE", "INVITE sip:sales@h SIP/2.0"),
            line(1.5, "S", "1 INVITE", "INVITE sip:sales@h SIP/2.0", "2-9@h"),
            line(2.0, "R", "1 INVITE", "SIP/2.0 503 Service Unavailable", "2-9@h"),
            line(3.0, "S", "2 BYE", "BYE sip:h SIP/2.0"),
        ]
    )
    assert (first.hung_up, first.ended, first.refused) == (True, 3.0, 0)
    assert (second.hung_up, second.ended, second.refused) == (False, None, 503)


def test_a_broken_line_is_refused() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        siplog.calls(["half a line"])


DEB822 = """\
# comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main contrib

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
deb [arch=amd64 signed-by=/k.gpg] https://other.example/apt stable main # theirs
deb-src http://source.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb http://plain.example/debian/ bookworm main non-free
"""


def test_deb822_sources() -> None:
    (source,) = mirror.deb822(DEB822)
    assert source.uri == "http://mirror.example/debian"
    assert source.suites == ("bookworm", "bookworm-updates")
    assert source.components == ("main", "contrib")


def apt(directory: Path, **files: str) -> Path:
    (directory / "sources.list.d").mkdir()
    for name, text in files.items():
        (directory / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return directory


def test_the_mirror_is_debians_own_archive(tmp_path: Path) -> None:
    apt(tmp_path, a_list=ONE_LINE, b_sources=DEB822, c_ignored=DEB822)
    assert len(list(mirror.sources(tmp_path))) == 4
    assert mirror.find(tmp_path) == "http://plain.example/debian/"


def test_the_mirror_in_deb822(tmp_path: Path) -> None:
    assert mirror.find(apt(tmp_path, b_sources=DEB822)) == "http://mirror.example/debian"


def test_no_mirror_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="names no Debian mirror"):
        mirror.find(apt(tmp_path))


def test_a_folder_without_asterisk_is_no_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv(root.OVERRIDE, str(tmp_path))
    with pytest.raises(LabError, match="has no usr/sbin/asterisk"):
        root.ensure(print)


@pytest.mark.parametrize(("user", "tools"), [(1000, "/usr/bin"), (0, "/nowhere")])
def test_without_root_or_debian_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, tools: str
) -> None:
    monkeypatch.delenv(root.OVERRIDE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", tools)
    monkeypatch.setattr("os.geteuid", lambda: user)
    with pytest.raises(LabError, match=r"elsewhere use docker/compose\.yaml"):
        root.ensure(print)


def test_every_file_of_a_box_is_made() -> None:
    plan = config.Plan(
        box="b",
        address="127.0.0.12",
        peers=[("a", "127.0.0.11"), ("c", "127.0.0.13")],
        agents=2,
        rtp_start=11000,
        secret="s3cret",
        etc=Path("/x/etc"),
        var=Path("/x/var"),
    )
    made = config.files_of(plan)
    assert not [name for name, text in made.items() if "%%" in text]
    assert "systemname = b" in made["asterisk.conf"]
    assert "rtpend = 11999" in made["rtp.conf"]
    pjsip = made["pjsip.conf"]
    assert "[101](agent)" in pjsip
    assert "[102](agent)" in pjsip
    assert "[103](agent)" not in pjsip
    assert "contact = sip:127.0.0.13:5060" in pjsip
    assert "[gvq-b]" not in pjsip

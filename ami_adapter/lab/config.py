"""A box's configuration files, from `templates/*.in` and the shipped dialplan."""

import math
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

SIP_PORT = 5060
AMI_PORT = 5038

#: The first agent's number; 101, 102, … are on every box.
FIRST_AGENT = 101

#: RTP ports of one box. Each box has its own span, as some hosts route 127/8 as one address.
RTP_PORTS = 1000

#: Asterisk's core complains of these when they are absent; empty means its defaults.
_DEFAULTS = ["acl.conf", "ccss.conf", "cdr.conf", "cel.conf", "udptl.conf"]
_DEFAULTS += ["pjproject.conf", "res_parking.conf"]

#: Only where Queue() is held beside ours.
_QUEUE_MODULE = "load = app_queue.so\n"

_TEMPLATES = files("ami_adapter") / "lab" / "templates"
_DIALPLAN = files("ami_adapter") / "dialplan"


class _Template(Template):
    """`%%{name}`: neither `$` nor `@`, which Asterisk's own files are full of."""

    delimiter = "%%"


@dataclass(frozen=True)
class Plan:
    """What one box is told of itself. `etc` and `var` are paths as the box sees them."""

    box: str
    address: str
    peers: Sequence[tuple[str, str]]  # the other boxes: name, address
    agents: int
    rtp_start: int
    secret: str
    etc: Path
    var: Path
    extra_dialplan: str = ""
    queues: str = ""


def render(template: str, **values: object) -> str:
    """The text of `templates/<template>.in`. KeyError when a value is missing."""
    return _Template((_TEMPLATES / f"{template}.in").read_text("utf-8")).substitute(values)


def files_of(plan: Plan) -> dict[str, str]:
    """Every file of the box's /etc/asterisk, by name."""
    plain = ["asterisk", "features", "indications", "logger", "modules", "musiconhold", "rtp"]
    values = {
        **vars(plan), "rtp_end": plan.rtp_start + RTP_PORTS - 1,
        "queue_modules": _QUEUE_MODULE if plan.queues else "",
    }  # fmt: skip
    return {
        **dict.fromkeys(_DEFAULTS, ""),
        **({"queues.conf": plan.queues} if plan.queues else {}),
        **{f"{name}.conf": render(f"{name}.conf", **values) for name in plain},
        "manager.conf": render("manager.conf", ami_port=AMI_PORT, **values),
        "manager-gvq.conf": (_DIALPLAN / "manager.conf").read_text("utf-8"),
        "extensions.conf": render("extensions.conf", extra=plan.extra_dialplan),
        "gvq.conf": (_DIALPLAN / "gvq.conf").read_text("utf-8"),
        "pjsip.conf": _pjsip(plan),
    }


def _pjsip(plan: Plan) -> str:
    agents = range(FIRST_AGENT, FIRST_AGENT + plan.agents)
    trunks = (
        render("pjsip-trunk", peer=peer, peer_address=address, sip_port=SIP_PORT)
        for peer, address in plan.peers
    )
    return render(
        "pjsip.conf",
        address=plan.address,
        sip_port=SIP_PORT,
        agents="".join(render("pjsip-agent", agent=agent) for agent in agents),
        trunks="".join(trunks),
    )


def write_music(path: Path, seconds: int = 2, rate: int = 8000) -> None:
    """Music on hold with no licence to mind: a tone that swells and fades once a second."""
    samples = bytearray()
    for n in range(seconds * rate):
        loudness = 4000 * math.sin(math.pi * (n % rate) / rate)
        samples += int(loudness * math.sin(2 * math.pi * 440 * n / rate)).to_bytes(
            2, "little", signed=True
        )
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(samples))

"""An Originate as AMI's action: what is dialled, and what the agent's channel is given. Pure."""

from urllib.parse import quote

from ami_adapter import redirects
from ami_adapter.actions import Values
from coordinator.protocol import Meeting, Originate

#: What may stand in the number of a CallerID header; all else would end or bend it.
_NUMBER = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+*#.@_-")


def originate_values(command: Originate, dial: str, options: str = "") -> Values:
    """The headers of an Originate for this offer. Option b: it is rung by Dial(), in [gvq-ring]."""
    by_dial = {"GVQ_DIAL": dial, "GVQ_REFUSES": "i" * ("i" in options)} if "b" in options else {}
    variables = {
        "GVQ_OFFER": command.offer_id,
        "GVQ_FENCE": str(command.fence),
        "GVQ_CALL": command.call_id,
        "GVQ_CALLER": command.uniqueid,
        "GVQ_AGENT": command.agent,
        "GVQ_QUEUE": command.queue,
        "FORWARD_CONTEXT": redirects.CONTEXT,
        # Until a bridge has its say, on each channel behind this one too (gvq.conf, [gvq]).
        "__BRIDGEPEER": "none",
        "DIALEDPEERNUMBER": command.interface.partition("/")[2],
        "GVQ_POSITION": str(command.position),
    }
    # Encoded: a comma would begin another variable.
    variables |= {name: quote(text, safe="") for name, text in _asked_for(command) if text}
    if command.meeting != Meeting():
        variables["GVQ_MEETING"] = quote(meeting(command.meeting), safe="&/")
    variables |= by_dial
    return {
        "Channel": "Local/s@gvq-ring/n" if by_dial else dial,
        "ChannelId": command.offer_id,
        "Async": "true",
        "Context": "gvq-agent",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(command.timeout_ms),
        "CallerID": caller_id(command.caller_id_name, command.caller_id_num),
        "Variable": [f"{name}={value}" for name, value in variables.items()],
    }


def _asked_for(command: Originate) -> list[tuple[str, str]]:
    """What only some queues ask for; the dialplan looks further when GVQ_EXTRA is set."""
    asked = [
        ("GVQ_NAMES", command.variables), ("GVQ_VALUES", command.values),
        ("GVQ_GOSUB", command.membergosub), ("GVQ_RECORD", command.monitor_format),
    ]  # fmt: skip
    return [*asked, ("GVQ_EXTRA", "1" if any(text for _, text in asked) else "")]


def meeting(say: Meeting) -> str:
    """Its fields by commas, which the protocol's patterns let into none of them."""
    fields = (
        say.announce, say.memberdelay, int(say.reportholdtime), say.queue_reporthold,
        say.queue_minutes, say.queue_seconds, say.queue_callerannounce,
    )  # fmt: skip
    return ",".join(str(field) for field in fields)


def caller_id(name: str, number: str) -> str:
    """Name and number as one header: `"name" <number>`, with all left out that would bend it."""
    shown = "".join(c for c in name if c.isprintable() and c not in '"<>\\')[:80]
    return f'"{shown}" <{"".join(c for c in number if c in _NUMBER)[:80]}>'


def dial_string(box: str, trunk: str, command: Originate, options: str = "") -> str:
    """What to dial on `box`: the phone itself at its home box, else over the trunk to it.

    Option i goes with a phone to the other box, as a prefix (dialplan/gvq.conf).
    """
    technology, _, resource = command.interface.partition("/")
    if technology.lower() == "local":
        extension, _, context = resource.partition("/")[0].partition("@")
        # Without /n a Local channel leaves the call once it is answered, and the offer's id with
        # it (main/core_local.c). Over the trunk: as gvq.conf, [gvq-trunk] reads it.
        if command.home == box:
            return f"{technology}/{extension}@{context}/n"
        resource = f"local~{extension}~{context}"
    elif command.home == box:
        return command.interface
    elif "i" in options:
        resource = redirects.REFUSING + resource
    fields = {"tech": technology, "resource": resource, "home": command.home}
    return trunk.format(**fields, agent=command.agent)

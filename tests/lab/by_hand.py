"""What an adapter does at a box, done by hand, and waiting for what its caller does meanwhile."""

import itertools
from urllib.parse import quote, unquote

from tests.lab.ami import Ami, Event

_offers = itertools.count(1)


async def offer(ami: Ami, join: Event, channel: str, visit: int = 1, meeting: str = "") -> str:
    """Ring an agent for this caller, as the adapter does; the offer's id."""
    offer_id = f"gvq-{next(_offers)}"
    caller = join["Uniqueid"]
    await ami.action(
        "Originate",
        f"GVQ_OFFER={offer_id}",
        "GVQ_FENCE=1",
        f"GVQ_CALL={caller}-{visit}",
        f"GVQ_CALLER={caller}",
        f"GVQ_MEETING={quote(meeting, safe='&/')}",
        ActionID=offer_id,
        ChannelId=offer_id,
        Channel=channel,
        Async="true",
        Context="gvq-agent",
        Exten="s",
        Priority="1",
        Timeout="15000",
        CallerID=f'"{unquote(join["CallerName"])}" <{unquote(join["CallerNum"])}>',
    )
    return offer_id


async def release(ami: Ami, join: Event, status: str) -> None:
    """Let a caller go on with this QUEUESTATUS, as the adapter does."""
    caller = join["Uniqueid"]
    await ami.action("Setvar", Channel=caller, Variable="GVQ_STATUS", Value=status)
    await ami.action("Redirect", Channel=caller, Context="gvq-leave", Exten="s", Priority="1")


async def waits_on(ami: Ami, caller: str) -> None:
    """Wait until the caller begins one more step of its waiting."""
    step = {"Uniqueid": caller, "Context": "gvq-wait", "Extension": "s", "Priority": "1"}
    await ami.wait("Newexten", len(ami.all("Newexten", **step)) + 1, **step)

"""gvq.conf on real boxes: what callers have forged, and what the adapter is told at all."""

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from tests.lab.ami import Ami, connect
from tests.lab.by_hand import offer

# Building the lab's root folder, once, is not the first test's own time.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]

#: As Asterisk decodes it, the From header's user ends its own event and begins another.
FORGED = "5%0d%0aForged%3a yes%0d%0a%0d%0aEvent%3a Hangup%0d%0aUniqueid%3a a-1.1"
FORGED = FORGED.replace(" ", "%20")


async def test_line_breaks_in_a_callers_number_reach_no_event_of_ours(ami: Ami, a: Box) -> None:
    async with connect(a, "gvq") as adapter, Callers(a, "sales", numbers=[FORGED]) as callers:
        join = await adapter.wait("GvqJoin")
        await callers.hang_up()
        await adapter.wait("Hangup", Uniqueid=join["Uniqueid"])
    assert join["CallerNum"] == "5ForgedyesEventHangupUniqueida-1.1"
    assert not adapter.all("Hangup", Uniqueid="a-1.1")


async def test_the_filter_drops_events_that_a_caller_elsewhere_has_forged(ami: Ami, a: Box) -> None:
    """Asterisk itself lets them through, so whoever reads AMI unfiltered believes them."""
    async with connect(a, "gvq") as adapter:
        async with Callers(a, "plain", numbers=[FORGED]) as callers:
            await ami.wait("DeviceStateChange", Device="PJSIP/anonymous", State="INUSE")
            await callers.hang_up()
        async with Callers(a, "sales") as callers:
            join = await adapter.wait("GvqJoin")
            await callers.hang_up()
            await adapter.wait("Hangup", Uniqueid=join["Uniqueid"])
    assert ami.all("Hangup", Uniqueid="a-1.1")
    assert not adapter.all("Hangup", Uniqueid="a-1.1")
    assert len(adapter.all("Hangup")) == 1


async def test_the_adapter_is_told_only_what_it_needs(ami: Ami, a: Box) -> None:
    async with connect(a, "gvq") as adapter, Phone("101", a.sip) as phone, Callers(a, "sales"):
        adapter.events.clear()
        join = await adapter.wait("GvqJoin")
        offer_id = await offer(adapter, join, "PJSIP/101")
        await adapter.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        await adapter.wait("Hangup", Uniqueid=join["Uniqueid"])
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])
    told = {event.name for event in adapter.events}
    ends = {"HangupRequest", "SoftHangupRequest", "Hangup"}
    offers = {"Newchannel", "OriginateResponse", "BridgeEnter"}
    assert told == {"GvqJoin", "GvqAsk", "DeviceStateChange", *offers, *ends}
    # Of the offer's channel only, not of the caller's.
    assert [event["Uniqueid"] for event in adapter.all("Newchannel")] == [offer_id]
    assert [event["Uniqueid"] for event in adapter.all("BridgeEnter")] == [offer_id]
    assert len(ami.events) > 5 * len(adapter.events)

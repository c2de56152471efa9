"""Three real boxes for the session, on addresses no other session or lab uses."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from ami_adapter import lab as real_lab
from ami_adapter.lab import Box, LabStatus
from ami_adapter.lab.desk import DeskPhone
from tests.e2e.lab_site import DIALPLAN, LabSite, SipPhone
from tests.e2e.rig import Rig
from tests.lab.ami import Ami, connect

#: What the caller's channel has after the queue.
AFTER = (
    "Status: ${QUEUESTATUS},Answered: ${ANSWEREDTIME}/${ANSWEREDTIME_MS},"
    "Waited: ${QUEUEWAIT}/${QUEUEWAIT_MS},Dialed: ${DIALEDTIME},Position: ${QUEUEPOSITION},"
    "Abandoned: ${ABANDONED},Info: ${URIENCODE(${QUEUE_WITHDRAW_INFO})}"
)

#: Each way of calling a queue that a test needs; "Returned" says with which QUEUESTATUS.
EXTENSIONS = """
[from-outside](+)
exten => plain,1,Answer()
 same => n,Wait(60)
exten => continue,1,Gosub(gvq,sales,1(c))
 same => n,Goto(returned,s,1)
exten => briefly,1,Gosub(gvq,sales,1(r,,,1))
 same => n,Goto(returned,s,1)
exten => briefly-announced,1,Gosub(gvq,sales,1(,,demo-thanks,1))
 same => n,Goto(returned,s,1)
exten => announced,1,Gosub(gvq,sales,1(,,beep))
 same => n,Goto(returned,s,1)
exten => announced-at-length,1,Gosub(gvq,sales,1(,,demo-thanks))
 same => n,Goto(returned,s,1)
exten => own-music,1,Gosub(gvq,sales,1(m(default)))
 same => n,Goto(returned,s,1)
exten => voicemail,1,Gosub(gvq,sales,1(,,,1))
 same => n,Wait(60)
exten => twice,1,Gosub(gvq,sales,1(c,,,1))
 same => n,Gosub(gvq,support,1(c))
 same => n,Goto(returned,s,1)
exten => bounded,1,Set(QUEUE_PRIO=7)
 same => n,Set(QUEUE_MIN_PENALTY=1)
 same => n,Set(QUEUE_MAX_PENALTY=9)
 same => n,Set(QUEUE_RAISE_PENALTY=r3)
 same => n,Gosub(gvq,sales.vip-2,1(m(classic)n,,,90,,,rule|_2.0-a,3))
 same => n,Goto(returned,s,1)
exten => recorded,1,Set(MONITOR_FILENAME=rec-${CALLERID(num)},x)
 same => n,Set(MONITOR_EXEC=touch /tmp/^{MIXMONITOR_FILENAME:0:1}-gvq-exec)
 same => n,Gosub(gvq,sales,1(c))
 same => n,Gosub(gvq,support,1(c))
 same => n,Goto(returned,s,1)
exten => both,1,Set(MONITOR_FILENAME=both-a:b\\;c..d)
 same => n,Set(MONITOR_OPTIONS=r(both-in.wav)t(both-out.wav))
 same => n,Set(MONITOR_EXEC=echo "for, ^{GVQ_AGENT}" > ^{MIXMONITOR_FILENAME}.done)
 same => n,Gosub(gvq,sales,1(c))
exten => hard,1,Gosub(gvq,sales,1(${HARD}))
exten => _dialled!,1,Gosub(gvq,sales,1(b(5)))
exten => asks,1,Gosub(gvq,sales,1(,http://x/?a=1&b=2|${CALLERID(num)},,,${HARD}))
exten => goes-on,1,Gosub(gvq,sales,1(F(survey^s^1)))
exten => goes-next,1,Gosub(gvq,sales,1(F))
 same => n,Goto(survey,s,1)
exten => subs,1,Gosub(gvq,sales,1(b(before^agent^1)B(before^caller^1),http://x/?a=1))
 same => n,Goto(returned,s,1)
exten => released,1,Gosub(gvq,sales,1(cB(slow^s^1)))
 same => n,Goto(returned,s,1)
exten => first-without-h,1,Gosub(without-h,s,1)
 same => n,Gosub(gvq,support,1)
exten => then-without-h,1,Gosub(gvq,sales,1(,,,1))
 same => n,Goto(without-h,support,1)
exten => gosub,1,Gosub(gvq,sales,1(,,,,,popup))
 same => n,Goto(returned,s,1)
exten => looks,1,Gosub(gvq-look,sales,1)
 same => n,UserEvent(Looked,Status: ${LOOKSTATUS},Waiting: ${QUEUE_WAITING_COUNT})
 same => n,Gosub(gvq-look,help_2.x-y,1(PJSIP/101&x,2))
 same => n,Set(END=${LEN(${QUEUE_MEMBER_LIST})} ${QUEUE_MEMBER_LIST:-10})
 same => n,UserEvent(Looked,Status: ${LOOKSTATUS},Waiting: ${QUEUE_WAITING_COUNT},End: ${END})
 same => n,Wait(60)
exten => logs,1,Gosub(gvq-log,sales,1(${UNIQUEID},Agent/7,SURVEY,5|very good))
 same => n,Gosub(gvq-update,sales,1(17.1,Ann B,ANSWER,61,70|555))
 same => n,Wait(60)
exten => _opt-.,1,Gosub(gvq,sales,1(${EXTEN:4}))
 same => n,Goto(returned,s,1)
exten => h,1,UserEvent(OwnHangupExtension,@AFTER@)

[survey]
exten => s,1,UserEvent(Survey,Offer: ${GVQ_OFFER},Position: ${STACK_PEEK(1,c,1)})
 same => n,Wait(60)

[before]
exten => _[a-z]!,1,UserEvent(Before,Who: ${EXTEN},Mine: ${CHANNEL(name)})
 same => n,Return()

[without-h]
exten => s,1,Gosub(gvq,sales,1(,,,1))
 same => n,Return()
exten => support,1,Gosub(gvq,support,1)

[slow]
exten => s,1,Gosub(slower,s,1)
 same => n,Return()

[slower]
exten => s,1,UserEvent(Slow)
 same => n,Wait(30)
 same => n,Return()

[default]
exten => _!,1,UserEvent(Astray,Where: ${EXTEN})

; It answers, and is a caller of a queue.
[from-agent](+)
exten => circle,1,Answer()
 same => n,Gosub(gvq,support,1)

[popup]
exten => s,1,UserEvent(Popup,Args: ${ARG1}-${ARG2},Member: ${MEMBERNAME},Offer: ${GVQ_OFFER})
 same => n,Return()

[exits]
exten => 1,1,Goto(went-out,${EXTEN},1)
exten => 29,1,Goto(went-out,${EXTEN},1)
exten => _*X,1,Goto(went-out,${EXTEN},1)

[went-out]
exten => _[0-9*]!,1,UserEvent(WentOut,Status: ${QUEUESTATUS},Stack: ${STACK_PEEK(1,c,1)})
 same => n,Wait(60)

[local-queues]
exten => sales,1,UserEvent(SentOn,Status: ${QUEUESTATUS})
 same => n,Wait(60)

[returned]
exten => s,1,UserEvent(Returned,@AFTER@)
 same => n,Hangup()

""".replace("@AFTER@", AFTER)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabStatus]:
    """Boxes a, b and c. Each session takes its own part of 127/8."""
    directory: Path = tmp_path_factory.mktemp("lab")
    address = f"127.1.{os.getpid() % 256}.11"
    yield real_lab.up(3, directory, first_address=address, extra_dialplan=EXTENSIONS + DIALPLAN)
    real_lab.remove(directory)


@pytest.fixture
def a(lab: LabStatus) -> Box:
    """Box a, where callers call."""
    return lab.boxes[0]


@pytest.fixture
def b(lab: LabStatus) -> Box:
    """Box b, to which a has a trunk."""
    return lab.boxes[1]


@pytest.fixture
async def ami(a: Box) -> AsyncIterator[Ami]:
    """An onlooker at box a who sees everything; calls of the test before are over."""
    async with connect(a) as session:
        await session.action("Setvar", Variable="GVQ_KEY", Value="the-key")
        await session.action("Setvar", Variable="GVQ_FALLBACK_AFTER", Value="0")
        await session.idle()
        yield session


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(lab: LabStatus, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """The boxes with their adapters, linked to one coordinator, for a whole module."""
    async with AsyncExitStack() as stack:
        site = LabSite(lab, stack, DeskPhone)
        async with Rig(site, tmp_path_factory.mktemp("rig")) as rig:
            yield rig


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared: Rig) -> AsyncIterator[Rig]:
    """The module's rig, empty; somebody looks on at box a."""
    await shared.site.listen("a")
    yield shared
    for handle in shared.phones.values():
        assert isinstance(handle, SipPhone)
        assert isinstance(handle.phone, DeskPhone)
        handle.phone.forward = ""
    await shared.clear()

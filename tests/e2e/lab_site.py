"""Real Asterisk boxes a, b, c, SIP phones and SIPp callers at them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from ami_adapter import lab as real_lab
from ami_adapter.lab import Box, LabStatus
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import LAMPS, Asked, Ring
from tests.lab.ami import Ami, connect
from tests.lab.blf import LampKey, lamp_key
from tests.lab.heard import words
from tests.simulator.hands import LabPhone

#: What a simulated box has not: a dialplan of one's own, and calls that are none of a queue's.
REAL = pytest.mark.parametrize(
    "shared", [pytest.param("real", marks=pytest.mark.lab)], indirect=True
)

#: q*queue*priority*min*max*timeout*announcement*position*options*rule, as `extension` writes it;
#: empty parts are not set.
DIALPLAN = """
[globals](+)
GVQ_REASON_1 = lunch
GVQ_QUEUE_7 = sales

; *60 asks for the phone 102, whoever calls.
[from-agent](+)
include => gvq-codes
exten => *60,1,Answer()
 same => n,Gosub(gvq-member,Login,1(PJSIP/102))
 same => n,Set(GLOBAL(SAID_OF_102)=${AQMSTATUS})
exten => *61,1,Answer()
 same => n,Gosub(gvq-member,AddQueueMember,1(sales,,4,pr(not yet),Bo B))
 same => n,Set(GLOBAL(SAID_OF_ADDING)=${AQMSTATUS})
exten => *62,1,Answer()
 same => n,Gosub(gvq-member,RemoveQueueMember,1(sales))
 same => n,Set(GLOBAL(SAID_OF_REMOVING)=${RQMSTATUS})

; *63 option*value: of this phone's own membership of sales.
exten => _*63.,1,Answer()
 same => n,Gosub(gvq-member,QUEUE_MEMBER,1(sales,${CUT(EXTEN,*,3)},,${CUT(EXTEN,*,4)}))
 same => n,Set(GLOBAL(SAID_OF_SETTING)=${QMSTATUS})

[from-outside](+)
exten => _q*.,1,Set(QUEUE_PRIO=${CUT(EXTEN,*,3)})
 same => n,Set(QUEUE_MIN_PENALTY=${CUT(EXTEN,*,4)})
 same => n,Set(QUEUE_MAX_PENALTY=${CUT(EXTEN,*,5)})
 same => n,Set(ASKED=${CUT(EXTEN,*,10)},${CUT(EXTEN,*,8)})
 same => n,Set(ASKED=${CUT(EXTEN,*,9)},,${CUT(EXTEN,*,7)},${CUT(EXTEN,*,6)},,,${ASKED})
 same => n,Gosub(gvq,${CUT(EXTEN,*,2)},1(${ASKED}))
 same => n,Set(GLOBAL(WENT_ON_${CALLERID(num)})=${QUEUESTATUS})
 same => n,Hangup()

; As one does before Queue(): who finds more than two waiting goes on elsewhere.
exten => overflow,1,Gosub(gvq-look,sales,1)
 same => n,Set(SEEN=${LOOKSTATUS}|${QUEUE_EXISTS}|${QUEUE_WAITING_COUNT})
 same => n,Set(GLOBAL(SEEN_BY_${CALLERID(num)})=${SEEN})
 same => n,GotoIf($[0${QUEUE_WAITING_COUNT} > 2]?full)
 same => n,Gosub(gvq,sales,1)
 same => n,Hangup()
 same => n(full),Set(INFO=${QUEUE_WAITING_COUNT}|${CALLERID(num)})
 same => n,Gosub(gvq-log,sales,1(${UNIQUEID},NONE,OVERFLOW,${INFO}))
 same => n,Set(GLOBAL(WENT_ON_${CALLERID(num)})=OVERFLOW)
 same => n,Hangup()
exten => figures,1,Gosub(gvq-look,sales,1(PJSIP/102,2))
 same => n,Set(COUNTS=${QUEUE_MEMBER_LOGGED}|${QUEUE_MEMBER_FREE}|${QUEUE_MEMBER_READY})
 same => n,Set(MEMBER=${QUEUE_MEMBER_PENALTY}|${QUEUE_MEMBER_PAUSED}|${QUEUE_MEMBER_RINGINUSE})
 same => n,Set(COUNTS=${COUNTS}|${QUEUE_MEMBER_COUNT}|${QUEUE_MEMBER_LIST})
 same => n,Set(QUEUE=${QUEUEMAX}|${QUEUESTRATEGY}|${QUEUECALLS}|${QUEUESRVLEVEL}|${QUEUE_GET_BOX})
 same => n,Set(GLOBAL(SEEN_BY_${CALLERID(num)})=${COUNTS}|${MEMBER}|${QUEUE})
 same => n,Hangup()

[globals](+)
GVQ_LOCAL=others,agents

[agents]
exten => _1XX,1,Dial(PJSIP/${EXTEN})

[keys]
exten => 1,1,Set(GLOBAL(WENT_ON_${CALLERID(num)})=${QUEUESTATUS})
 same => n,Wait(60)

[from-outside](+)
""" + "".join(f"exten => {name},hint,Custom:Queue:{name}\n" for name in LAMPS)


def extension(queue: str, asked: Asked) -> str:
    """What a caller dials to come into the queue so."""
    parts: tuple[int | str | None, ...] = (
        asked.priority, asked.min_penalty, asked.max_penalty, asked.timeout,
        "demo-thanks" if asked.announce else None, asked.position, "n" if asked.once else None,
        asked.rule,
    )  # fmt: skip
    return "*".join(["q", queue, *("" if part is None else str(part) for part in parts)])


class SipPhone(LabPhone):
    """A registered SIP phone."""

    def __init__(self, phone: Phone, boxes: dict[str, Box]) -> None:
        super().__init__(phone)
        self.by_name = boxes

    def hang_up(self) -> None:
        for call in self.phone.active:
            self.phone.hang_up(call)

    async def move(self, box: str) -> None:
        before, there = self.phone.box, self.by_name[box].sip
        await self.phone.register(there)
        await self.phone.register(before, expires_s=0)
        self.phone.box = there

    async def away(self) -> None:
        self.rest()
        self.hang_up()
        await self.phone.unregister()


def _variable(box: Box, name: str) -> str:
    """A global variable of the box's dialplan; "" while it is not set."""
    lines = box.cli("dialplan show globals").splitlines()
    return dict(line.strip().partition("=")[::2] for line in lines).get(name, "")


@dataclass
class SipPerson:
    """A SIPp process with one call."""

    group: Callers
    onlooker: Ami | None

    @property
    def number(self) -> str:
        return self.group.numbers[0]

    @property
    def ended(self) -> bool:
        call = self.group.calls.get(self.number)
        return call is not None and call.ended is not None

    @property
    def status(self) -> str:
        return _variable(self.group.box, f"WENT_ON_{self.number}")

    @property
    def said(self) -> list[str]:
        assert self.onlooker is not None
        return words(self.onlooker.events, "CallerIDNum", self.number)

    async def press(self, digit: str) -> None:
        assert self.onlooker is not None
        channel = (await self.onlooker.wait("GvqJoin", CallerIDNum=self.number))["Channel"]
        key = {"Digit": digit, "Receive": "true"}
        await self.onlooker.action("PlayDTMF", Channel=channel, **key)

    async def hang_up(self) -> None:
        await self.group.hang_up()


@dataclass
class LabSite:
    """Site: the lab. `stack` ends phones and callers; `make_phone`: which kind of phone."""

    status: LabStatus
    stack: AsyncExitStack
    make_phone: Callable[[str, str], Phone] = Phone

    def __post_init__(self) -> None:
        self.by_name = {box.name: box for box in self.status.boxes}
        self.boxes = tuple(self.by_name)
        self._phones: dict[str, Phone] = {}
        #: Who looks on, by box.
        self.onlookers: dict[str, Ami] = {}
        self._keys: dict[str, list[LampKey]] = {}

    def ami(self, box: str) -> tuple[str, int, str, str]:
        at = self.by_name[box]
        host, _, port = at.ami.partition(":")
        return host, int(port), at.adapter_username, at.ami_secret

    async def phone(self, agent: str, box: str, behaviour: Behaviour) -> SipPhone:
        phone = self._phones.get(agent)
        if phone is None:
            made = self.make_phone(agent, self.by_name[box].sip)
            phone = await self.stack.enter_async_context(made)
            self._phones[agent] = phone
        else:
            await phone.register(self.by_name[box].sip)
        handle = SipPhone(phone, self.by_name)
        self.stack.callback(handle.rest)
        handle.behave(behaviour)
        return handle

    async def call(self, box: str, queue: str, number: str, asked: Asked) -> SipPerson:
        return await self.comes_in(box, extension(queue, asked), number)

    async def comes_in(self, box: str, extension: str, number: str) -> SipPerson:
        """Somebody from outside dials this."""
        group = Callers(self.by_name[box], extension, numbers=[number])
        await self.stack.enter_async_context(group)
        return SipPerson(group, self.onlookers.get(box))

    async def dials(self, agent: str, code: str, box: str = "a") -> list[str]:
        """What this agent's phone hears of the code, until the box, listened to, hangs it up."""
        ami, first = self.onlookers[box], {"CallerIDNum": agent, "Exten": code, "Priority": "1"}
        before = len(ami.all("Newexten", **first))
        async with Callers(self.by_name[box], code, numbers=[agent]):
            channel = (await ami.wait("Newexten", before + 1, **first))["Uniqueid"]
            await ami.wait("Hangup", Uniqueid=channel)
        steps = ami.all("Newexten", Uniqueid=channel)
        heard = [step for step in steps if step["Application"] in ("Playback", "Busy")]
        return [f"{step['Application']} {step['AppData']}" for step in heard]

    def variable(self, name: str, box: str = "a") -> str:
        """A global variable of the box's dialplan; "" while it is not set."""
        return _variable(self.by_name[box], name)

    async def lamp(self, box: str, name: str) -> LampKey:
        key = await self.stack.enter_async_context(lamp_key(self.by_name[box].sip, name))
        self._keys.setdefault(box, []).append(key)
        return key

    async def restart(self, box: str) -> None:
        real_lab.stop_box(self.status.path, box, kill=True)
        self.by_name[box] = await asyncio.to_thread(real_lab.start_box, self.status.path, box)
        for key in self._keys.get(box, []):
            await key.subscribe()

    async def engage(self, agent: str, box: str) -> None:
        """A call to the agent's phone that is none of a queue's."""
        await self.listen(box)
        asked = {"Channel": f"PJSIP/{agent}", "Application": "Wait", "Data": "60", "Async": "true"}
        await self.onlookers[box].action("Originate", **asked)

    async def listen(self, box: str) -> None:
        if box not in self.onlookers:
            session = await self.stack.enter_async_context(connect(self.by_name[box]))
            self.onlookers[box] = session

    def rings(self) -> list[Ring]:
        rings = [
            Ring(call.at, agent, call.caller, call.answered is not None, call.while_busy)
            for agent, phone in self._phones.items()
            for call in phone.invites
        ]
        return sorted(rings, key=lambda ring: ring.at)

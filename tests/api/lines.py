"""A box with callers and phones for the line, without an adapter."""

from coordinator.line.engine import Engine
from coordinator.line.types import Origin, Reply
from coordinator.protocol import DeviceState, Join, Replaced, Snapshot


class Box:
    """A box whose link is held by the test."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._seq = 0

    async def attach(self, **devices: DeviceState) -> None:
        """Links, with these phones registered: PJSIP_101="NOT_INUSE"."""
        await self._engine.mirrored("run")
        await self._engine.attach(self._name, "link", "adapter", 1, "test")
        seen = {name.replace("_", "/"): state for name, state in devices.items()}
        snapshot = Snapshot.model_validate({"devices": seen})
        assert (await self._engine.snapshot(self._origin(), snapshot)).code == "ok"

    async def join(self, queue: str, number: int, name: str = "") -> str:
        """A caller with the id `a-NUMBER-1` waits in the queue."""
        call_id = f"{self._name}-{number}-1"
        join = Join(
            call_id=call_id,
            channel=f"PJSIP/trunk-{number:08}",
            uniqueid=f"{self._name}-{number}",
            queue=queue,
            caller_id_num=str(number),
            caller_id_name=name,
        )
        assert (await self._engine.join(self._origin(), join)).code == "ok"
        return call_id

    async def replace(self, call_id: str, number: int, name: str = "") -> None:
        """An attended transfer puts another channel into its place, or its talk."""
        replaced = Replaced(
            call_id=call_id,
            channel=f"PJSIP/desk-{number:08}",
            uniqueid=f"{self._name}-{number}",
            caller_id_num=str(number),
            caller_id_name=name,
        )
        assert (await self._engine.replaced(self._origin(), replaced)).code == "ok"

    async def connect(self, offer_id: str, fence: int) -> Reply:
        """The agent has answered."""
        return await self._engine.connect(self._origin(), offer_id, fence)

    async def missed(self, offer_id: str, fence: int) -> Reply:
        """The agent does not answer."""
        return await self._engine.offer_ended(self._origin(), offer_id, fence, "no_answer")

    async def complete(self, offer_id: str, fence: int) -> Reply:
        """The caller has hung up."""
        return await self._engine.complete(self._origin(), offer_id, fence, "caller")

    def _origin(self) -> Origin:
        self._seq += 1
        return Origin(self._name, "link", self._seq)

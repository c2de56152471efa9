"""gvq.conf, where it must agree with what is said elsewhere."""

import re
from pathlib import Path

import ami_adapter
from coordinator.api.schemas.queues import QueueIn

DIALPLAN = (Path(ami_adapter.__file__).parent / "dialplan" / "gvq.conf").read_text("utf-8")


def test_a_phone_on_another_box_rings_as_long_as_a_queue_may_say() -> None:
    longest = QueueIn.model_json_schema()["properties"]["timeout"]["maximum"]
    [seconds] = re.findall(r"Dial\(PJSIP/\$\{EXTEN\},(\d+)\)", DIALPLAN)
    assert int(seconds) == longest

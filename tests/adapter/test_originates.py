"""What an agent's channel is given."""

from urllib.parse import unquote

from ami_adapter.actions import MAX_LINE
from ami_adapter.originates import originate_values
from coordinator.protocol import Meeting
from tests.adapter.support.events import originate


def heard(meeting: Meeting) -> list[str]:
    """The variables that say what is heard before the talk."""
    values = originate_values(originate().model_copy(update={"meeting": meeting}), "PJSIP/101")
    return [line for line in values["Variable"] if line.startswith("GVQ_MEETING=")]


def test_what_is_heard_before_the_talk_comes_with_the_agents_channel() -> None:
    meeting = Meeting(announce="beep&custom/hello", memberdelay=2, queue_reporthold="hold")
    assert heard(meeting) == ["GVQ_MEETING=beep&custom/hello%2C2%2C0%2Chold%2C%2C%2C"]
    assert heard(Meeting()) == []


def test_the_longest_fits_a_line_of_the_manager() -> None:
    sound = "a" * 64
    longest = Meeting(
        announce="&".join([sound] * 3 + ["a" * 61]), memberdelay=3600, reportholdtime=True,
        queue_reporthold=sound, queue_minutes=sound, queue_seconds=sound,
        queue_callerannounce=sound,
    )  # fmt: skip
    [line] = heard(longest)
    assert len(f"Variable: {line}\r\n") <= MAX_LINE
    assert unquote(line).count(",") == 6

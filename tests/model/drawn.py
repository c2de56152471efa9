"""What hypothesis draws for the line: its names, settings and wishes."""

from typing import Any

from hypothesis import strategies as st

from coordinator.line.types import (
    EMPTY_CONDITIONS,
    STRATEGIES,
    MemberSettings,
    PenaltyChange,
    QueueSettings,
)

QUEUES = ("gold", "help", "sales")
AGENTS = ("anna", "bert", "carl", "dora", "emil")
BOXES = ("a", "b", "c")
#: A device of no phone, by which several agents may be judged.
SWITCH = "Custom:switch"
OWNERS = ("one", "two")
picks = st.integers(0, 11)
pauses = st.sampled_from([0, 0, 1, 1_000, 300_000])
penalties = st.sampled_from([0, 0, 0, 1, 2, 5, 99_999])
bounds = st.sampled_from([None, None, None, None, 0, 1, 2, 5, 99_999])
condition_sets = st.sets(st.sampled_from(EMPTY_CONDITIONS), max_size=3).map(
    lambda chosen: ",".join(sorted(chosen))
)
RULES = ("soon", "later")
changes = st.sampled_from(["", "", "0", "1", "5", "+1", "-1", "+3", "-2"])
changes_of_rules = st.lists(
    st.builds(
        PenaltyChange,
        after_s=st.sampled_from([0, 1, 2, 6, 20]),
        max=changes,
        min=changes,
        raise_=st.one_of(changes, changes.map(lambda change: change and f"r{change}")),
    ),
    max_size=3,
).map(lambda rule: tuple(sorted(rule, key=lambda change: change.after_s)))
settings_of_queues = st.builds(
    QueueSettings,
    strategy=st.sampled_from(STRATEGIES),
    weight=st.sampled_from([0, 0, 0, 1, 2]),
    timeout=st.sampled_from([1, 3, 15]),
    timeoutpriority=st.sampled_from(["app", "conf"]),
    retry=st.sampled_from([0, 1, 5]),
    wrapuptime=st.sampled_from([0, 0, 2]),
    penaltymemberslimit=st.sampled_from([0, 0, 0, 2, 3]),
    maxlen=st.sampled_from([0, 0, 0, 0, 1, 3]),
    joinempty=st.one_of(st.just(""), st.just(""), st.just(""), condition_sets),
    leavewhenempty=st.one_of(st.just(""), st.just(""), st.just(""), condition_sets),
    defaultrule=st.sampled_from(["", "", *RULES]),
    ringinuse=st.sampled_from([False, False, True]),
    autopause=st.sampled_from(["no", "no", "yes", "all"]),
    autopausedelay=st.sampled_from([0, 0, 3]),
    autopausebusy=st.booleans(),
    autopauseunavail=st.booleans(),
    autopause_after=st.sampled_from([1, 1, 2]),
)
settings_of_members = st.builds(
    MemberSettings,
    penalty=penalties,
    wrapuptime=st.sampled_from([None, None, 0, 3]),
    ringinuse=st.sampled_from([None, None, None, True, False]),
    paused=st.sampled_from([False, False, False, True]),
)

#: Queue()'s position, timeout and option n.
wishes = st.fixed_dictionaries(
    {},
    optional={
        "position": st.integers(1, 4),
        "timeout": st.sampled_from([1, 2, 6]),
        "once": st.just(True),
    },
)


def one_of(things: list[Any], pick: int) -> Any:
    """A choice that shrinks towards the first and stays put when the list grows."""
    return things[pick % len(things)]

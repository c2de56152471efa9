"""Queue() as people set it up: on one box, and under one name on each of three.

Nobody tells app_queue of one box what a phone at another box does: a member over a trunk has a
state interface that is always free, so it is rung, and is busy when it is.
"""

from collections.abc import Mapping

#: Queues of app_queue, and the extensions that lead there.
ONE_BOX, THREE_BOXES = "queue-one", "queue-three"

#: No pause between callers, and no phone rung that is known to be in use.
_QUEUE = """
[{name}]
strategy = leastrecent
timeout = 15
retry = 1
wrapuptime = 0
autofill = yes
ringinuse = no
"""


def dialplan() -> str:
    """What callers dial."""
    extensions = "".join(
        f"exten => {name},1,Answer()\n same => n,Queue({name})\n same => n,Hangup()\n"
        for name in (ONE_BOX, THREE_BOXES)
    )
    return f"[from-outside](+)\n{extensions}\n"


def queues_conf(box: str, agents: Mapping[str, tuple[str, int]]) -> str:
    """A box's queues.conf; `agents`: endpoint → home box and penalty."""
    at_home = "".join(
        f"member => PJSIP/{agent},{penalty}\n" for agent, (_, penalty) in agents.items()
    )
    spread = "".join(
        f"member => PJSIP/{agent},{penalty}\n"
        if home == box
        else f"member => PJSIP/{agent}@gvq-{home},{penalty},{agent},Custom:gvq-free\n"
        for agent, (home, penalty) in agents.items()
    )
    general = "[general]\npersistentmembers = no\n"
    one, three = (_QUEUE.format(name=name) for name in (ONE_BOX, THREE_BOXES))
    return f"{general}{one}{at_home}{three}{spread}"

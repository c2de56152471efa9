"""Answers to actions, as main/manager.c frames them. Pure."""

from collections.abc import Sequence

from coordinator.manager.protocol import Action, Headers


class Fault(Exception):
    """An action is refused with this sentence."""


def answer(action: Action, response: str, *more: tuple[str, str]) -> Headers:
    """Response, ActionID if there is one, and the rest."""
    return (("Response", response), *_id(action), *more)


def ack(action: Action, message: str) -> list[Headers]:
    """It is done (astman_send_ack)."""
    return [answer(action, "Success", ("Message", message))]


def error(action: Action, message: str) -> list[Headers]:
    """It is refused (astman_send_error)."""
    return [answer(action, "Error", ("Message", message))]


def listing(
    action: Action, message: str, items: Sequence[tuple[str, Headers]], complete: str
) -> list[Headers]:
    """A list (astman_send_listack): its start, an event each, its end with their number.

    In the events ActionID comes last, at the end it comes first, as app_queue has it.
    """
    start = answer(action, "Success", ("EventList", "start"), ("Message", message))
    events = [(("Event", name), *headers, *_id(action)) for name, headers in items]
    number = ("ListItems", str(len(items)))
    end = (("Event", complete), *_id(action), ("EventList", "Complete"), number)
    return [start, *events, end]


def _id(action: Action) -> Headers:
    action_id = action.get("ActionID")
    return (("ActionID", action_id),) if action_id else ()

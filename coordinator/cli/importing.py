"""gvq import: the queues Asterisk has, from its files or its realtime tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coordinator.cli.client import ApiRefused, Client
from coordinator.cli.errors import CliError
from coordinator.cli.output import AsJson, print_json, print_rows, say, shown
from coordinator.cli.rule import written

if TYPE_CHECKING:  # what reads is loaded by this command only
    from coordinator.importer.findings import Remark
    from coordinator.importer.target import Target

#: Seconds for an answer: a thousand agents in ten queues each go through the line one by one.
DEADLINE_S = 120.0

SIGNS = {"create": "+", "alter": "~"}
COLUMNS = {"sign": "", "what": "what", "fields": "change"}

#: Places of one remark that are told one by one.
TOLD = 5


def import_(
    queues: Annotated[
        Path | None, typer.Argument(help="queues.conf; files it includes are read too.")
    ] = None,
    rules: Annotated[Path | None, typer.Argument(help="queuerules.conf.")] = None,
    agents: Annotated[
        list[Path] | None,
        typer.Option(
            "--agents", help="Lines name,interface[,display name]: who has which phone. Repeatable."
        ),
    ] = None,
    realtime: Annotated[
        str | None,
        typer.Option(help="Instead of files: URL of the database with Asterisk's realtime tables."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; tell what would change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create and change queues, agents, members and penalty rules as Asterisk has them.

    All of it or nothing.
    """
    target = _target(queues, rules, agents or [], realtime)
    body = target.body.model_dump(exclude_unset=True) | {"dry_run": dry_run}
    answer = _send(target, body)
    if as_json:
        remarks = [remark.to_json() for remark in target.remarks]
        print_json({**answer, "remarks": remarks})
    else:
        _tell(answer, target.remarks)


def _target(
    queues: Path | None, rules: Path | None, agents: Sequence[Path], realtime: str | None
) -> "Target":
    """What is asked for. CliError with all that is wrong, a sentence a line."""
    from coordinator.asterisk_config import ConfigError
    from coordinator.importer.conf import read_agents, read_files
    from coordinator.importer.findings import ImportFailed
    from coordinator.importer.realtime import read_tables
    from coordinator.importer.target import target_of

    if (queues is None) == (realtime is None):
        raise CliError("Give either a queues.conf or --realtime URL.")
    try:
        if realtime is not None:
            return target_of(read_tables(realtime, read_agents(agents)))
        assert queues is not None
        return target_of(read_files(queues, rules, agents))
    except (ConfigError, ImportFailed) as error:
        raise CliError(str(error)) from None


def _send(target: "Target", body: Any) -> Any:
    """The answer; a refusal of a phone or a rule is told with the line that names it."""
    try:
        return Client(deadline_s=DEADLINE_S).post("/v1/import", body)
    except ApiRefused as refused:
        line = target.agents.where(str(refused.details.get("interface")))
        line = line or target.naming.get(str(refused.details.get("rule")))
        where = f"{line.file}:{line.number}: " if line else ""
        raise CliError(f"{where}{refused}") from None


def _tell(answer: Any, remarks: "Sequence[Remark]") -> None:
    if answer["changes"]:
        print_rows([_row(change) for change in answer["changes"]], COLUMNS, as_json=False)
    if answer["same"]:
        say(f"= {answer['same']} as they are to be")
    for queue in answer["out_of_order"]:
        say(f"The members of {queue} were there in another order, and keep it.")
    for sentence in _sentences(remarks):
        say(sentence)
    say(_end(answer))


def _row(change: Any) -> dict[str, str]:
    names = [change[name] for name in ("kind", "rule", "queue", "agent")]
    return {
        "sign": SIGNS[change["action"]],
        "what": " ".join(name for name in names if name),
        "fields": ", ".join(_field(name, one) for name, one in change["fields"].items()),
    }


def _field(name: str, change: Any) -> str:
    new = _value(change["new"])
    return f"{name} {new}" if change["old"] is None else f"{name} {_value(change['old'])} → {new}"


def _value(value: Any) -> str:
    """A rule's changes are a list."""
    text = " ".join(map(written, value)) if isinstance(value, list) else shown(value)
    return text or "none"


def _sentences(remarks: "Iterable[Remark]") -> list[str]:
    """One for all places of a remark, a template's once; what somebody will notice first."""
    places: dict[tuple[bool, str, str], list[str]] = {}
    for one in remarks:
        key = (one.harmless, one.what, one.says)
        places.setdefault(key, []).append(f"{one.line.file}:{one.line.number}")
    return [
        f"{_few(list(dict.fromkeys(where)))}: {what}: {says}{' (harmless)' if harmless else ''}."
        for (harmless, what, says), where in sorted(places.items(), key=lambda pair: pair[0][0])
    ]


def _few(places: Sequence[str]) -> str:
    more = len(places) - TOLD
    return " ".join(places[:TOLD]) + (f" and {more} more" if more > 0 else "")


def _end(answer: Any) -> str:
    if answer["dry_run"]:
        return "Dry run: nothing was changed."
    if not answer["changes"]:
        return "Nothing was to be changed."
    return "Imported." if answer["applied"] else "Imported; the line has it when it is back."

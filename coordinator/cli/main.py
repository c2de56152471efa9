"""`gvq`: the command line's root. Each group has its own file."""

import typer

from coordinator.cli import (
    agent,
    box,
    call,
    importing,
    journal,
    lab,
    member,
    queue,
    rule,
    serve,
    token,
)
from coordinator.cli.bench.command import bench
from coordinator.cli.demo.command import demo
from coordinator.cli.errors import Commands

app = typer.Typer(
    cls=Commands,
    name="gvq",
    help="One line for all Asterisk boxes. Where the coordinator is: GVQ_URL, GVQ_API_TOKEN.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help and plain sentences for errors, on any terminal
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

app.command()(serve.serve)
app.command()(serve.adapter)
app.command()(demo)
app.command()(bench)
app.command("import")(importing.import_)
app.command()(journal.verify)
app.command()(journal.why)
app.add_typer(queue.app, name="queue")
app.add_typer(rule.app, name="rule")
app.add_typer(agent.app, name="agent")
app.add_typer(member.app, name="member")
app.add_typer(box.app, name="box")
app.add_typer(call.app, name="call")
app.add_typer(token.app, name="token")
app.add_typer(journal.app, name="journal")
app.add_typer(lab.app, name="lab")

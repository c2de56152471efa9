"""gvq box: the Asterisk servers that may link, and their tokens."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import CliError, Commands
from coordinator.cli.output import AsJson, print_done, print_json, print_rows, say

app = typer.Typer(cls=Commands, help="Asterisk boxes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The box's name.")]

COLUMNS = {
    "name": "box", "enabled": "enabled", "linked": "linked", "attached": "attached",
    "calls": "calls",
}  # fmt: skip

INSTRUCTIONS = """\
Box {box} may link. Its token, shown this once:

    {token}

On {box}, in ten minutes:

1. AMI: copy the folder ami_adapter/dialplan to /etc/asterisk/gvq, and add to manager.conf:

    #include gvq/manager.conf

    [gvq](gvq-adapter)
    secret = <a long random one>

   The included file says what this login may do (originate and steer calls, no shell) and which
   events it is sent (ours, and of all calls the hangups, transfers and device states).
2. Dialplan: add to extensions.conf, and say Gosub(gvq,sales,1) where it says Queue(sales):

    #include gvq/gvq.conf

   In the context of the agents' phones `include => gvq-codes` lets them log in, out and pause.
3. asterisk -rx 'core reload'
4. Adapter, as a service beside Asterisk. Install gvq there as on the coordinator (README.md,
   step 1); the URL is that by which {box} reaches the coordinator:

    GVQ_COORDINATOR_URL={url} GVQ_BOX={box} \\
    GVQ_TOKEN={token} \\
    GVQ_AMI_SECRET=<the secret of step 1> gvq adapter

5. `gvq box list` shows it linked. Agents registered at other boxes are reached over a PJSIP trunk
   named gvq-<box>: ami_adapter/dialplan/README.md."""


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All boxes, and which are linked now."""
    print_rows(Client().get("/v1/boxes"), COLUMNS, as_json)


@app.command()
def add(box: Name, as_json: AsJson = False) -> None:
    """Let a box link; prints its token, once, and what to do there."""
    client = Client()
    if any(known["name"] == box for known in client.get("/v1/boxes")):
        raise CliError(f"Box {box} is there already; `gvq box token {box}` makes another token.")
    client.put(path("boxes", box), {"enabled": True})
    made = _token(client, box)
    if as_json:
        print_json(made)
    else:
        say(INSTRUCTIONS.format(box=box, token=made["token"], url=client.url))


@app.command()
def token(box: Name, as_json: AsJson = False) -> None:
    """Another token for a box; older ones stay good until `gvq token revoke`."""
    made = _token(Client(), box)
    print_done(made["token"], made, as_json)


@app.command()
def delete(box: Name, as_json: AsJson = False) -> None:
    """Remove a box; its tokens open nothing any more."""
    gone = Client().delete(path("boxes", box))
    print_done(f"Box {box} is gone.", gone, as_json)


def _token(client: Client, box: str) -> Any:
    body = {"role": "box", "box": box, "label": f"adapter of box {box}"}
    return client.post("/v1/tokens", body)

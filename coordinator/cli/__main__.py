"""`python -m coordinator.cli`: the same as `gvq`, for children of our own."""

from coordinator.cli.main import app

app(prog_name="gvq")

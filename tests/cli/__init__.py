"""The command line: against a real coordinator, and what needs none."""

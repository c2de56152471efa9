"""`gvq`: one file a group of commands. It talks to the coordinator by REST and decides nothing."""

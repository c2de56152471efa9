"""Asterisk's queue_log of the whole line, from the journal: a file, a table. docs/queue-log.md."""

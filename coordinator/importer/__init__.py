"""What Asterisk's own queues are, read for `gvq import`: files or realtime tables into a target.

    files ─► asterisk_config ─► conf.py ──┐
    realtime tables ─► realtime.py ───────┴► Source ─► target.py ─► Target ─► POST /v1/import

Only reads and understands; what changes is the coordinator's to say (directory/importing.py).
"""

"""The virtual manager: one AMI over all boxes, for wallboards and monitors made for Asterisk.

    journal ─► feed ─► events (pure) ─┐
                                      ├─► session ─► protocol (pure) ─► TCP
    actions ─► directory, line ───────┘

- `protocol`  bytes → actions, headers → bytes, without I/O
- `users`     who may log in, from where, what each may read and write
- `actions`   one function an action, in one table with the class it needs
- `members`   agents and callers as app_queue shows them, pure
- `events`    a journal entry → the events app_queue would raise, pure
- `feed`      the journal, as events for all sessions, in order
- `session`   one client: login, event mask, its actions one after another
- `server`    TCP

What differs from Asterisk, and why: docs/manager.md.
"""

"""The schema's history. `upgrade` is run at the start of `gvq serve`; safe for many at once.

A revision must leave the code before it working (add first, remove a release later): replicas
are upgraded one by one, and an old one may start after a new one has migrated.
"""

from migrations.run import downgrade, head, revision_of, upgrade

__all__ = ["downgrade", "head", "revision_of", "upgrade"]

"""Called by alembic; the connection and its transaction are given by run.py."""

from alembic import context

from coordinator.database import Base
from coordinator.directory import models as _directory  # noqa: F401  # fills Base.metadata
from coordinator.history import models as _history  # noqa: F401
from coordinator.queue_log import table as _queue_log  # noqa: F401

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

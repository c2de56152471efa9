"""Members' own wrap-up, ringinuse and pause; the phone by whose state an agent is judged.

All may be left out, so that the code before goes on with it.

Revises: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INTERFACE = sa.String(128)
TEXT = sa.String(256)


def upgrade() -> None:
    with op.batch_alter_table("members") as members:
        members.add_column(sa.Column("wrapuptime", sa.Integer(), nullable=True))
        members.add_column(sa.Column("ringinuse", sa.Boolean(), nullable=True))
        members.add_column(
            sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        members.add_column(sa.Column("pause_reason", TEXT, nullable=False, server_default=""))
    with op.batch_alter_table("agents") as agents:
        agents.add_column(sa.Column("state_interface", INTERFACE, nullable=True))
        agents.create_unique_constraint("uq_agents_state_interface", ["state_interface"])


def downgrade() -> None:
    with op.batch_alter_table("agents") as agents:
        agents.drop_constraint("uq_agents_state_interface", type_="unique")
        agents.drop_column("state_interface")
    with op.batch_alter_table("members") as members:
        for column in ("wrapuptime", "ringinuse", "paused", "pause_reason"):
            members.drop_column(column)

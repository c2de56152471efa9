"""The directory: queues, agents, members, boxes, tokens.

Revises: nothing
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NAME = sa.String(64)
TEXT = sa.String(256)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "queues",
        sa.Column("name", NAME, nullable=False),
        sa.Column("strategy", sa.String(32), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("retry", sa.Integer(), nullable=False),
        sa.Column("wrapuptime", sa.Integer(), nullable=False),
        sa.Column("servicelevel", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_queues"),
    )
    op.create_table(
        "agents",
        sa.Column("name", NAME, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("interface", sa.String(128), nullable=False),
        sa.Column("logged_in", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("pause_reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_agents"),
        sa.UniqueConstraint("interface", name="uq_agents_interface"),
    )
    op.create_table(
        "members",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("queue", NAME, nullable=False),
        sa.Column("agent", NAME, nullable=False),
        sa.Column("penalty", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue"], ["queues.name"], name="fk_members_queue_queues", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["agent"], ["agents.name"], name="fk_members_agent_agents", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("queue", "agent", name="uq_members_queue_agent"),
    )
    op.create_index("ix_members_agent", "members", ["agent"])
    op.create_table(
        "boxes",
        sa.Column("name", NAME, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_boxes"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("box", NAME, nullable=True),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("last_used_us", sa.BigInteger(), nullable=True),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(role = 'box') = (box IS NOT NULL)", name="ck_tokens_box_role_names_a_box"
        ),
        sa.ForeignKeyConstraint(
            ["box"], ["boxes.name"], name="fk_tokens_box_boxes", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index("ix_tokens_box", "tokens", ["box"])
    mirror = op.create_table(
        "mirror",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mirrored", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mirror"),
    )
    op.bulk_insert(mirror, [{"id": 1, "version": 0, "mirrored": 0}])


def downgrade() -> None:
    for table in ("mirror", "tokens", "boxes", "members", "agents", "queues"):
        op.drop_table(table)

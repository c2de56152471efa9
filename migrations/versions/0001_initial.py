"""The directory (what is configured), the history (what has happened) and queue_log.

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
ID = sa.String(149)
WORD = sa.String(32)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_directory()
    _create_history()
    _create_queue_log()


def _create_directory() -> None:
    op.create_table(
        "queues",
        sa.Column("name", NAME, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_queues"),
    )
    op.create_table(
        "rules",
        sa.Column("name", NAME, nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rules"),
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


def _create_history() -> None:
    op.create_table(
        "journal",
        sa.Column("ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("type", WORD, nullable=False),
        sa.Column("call_id", ID, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("ms", "seq", name="pk_journal"),
    )
    op.create_index("ix_journal_at_us", "journal", ["at_us"])
    op.create_index("ix_journal_call_id", "journal", ["call_id", "ms", "seq"])
    op.create_table(
        "calls",
        sa.Column("call_id", ID, nullable=False),
        sa.Column("queue", NAME, nullable=False),
        sa.Column("box", NAME, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("caller_id_num", TEXT, nullable=False),
        sa.Column("caller_id_name", TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("joined_us", sa.BigInteger(), nullable=False),
        sa.Column("outcome", WORD, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("left_us", sa.BigInteger(), nullable=True),
        sa.Column("hold_us", sa.BigInteger(), nullable=True),
        sa.Column("agent", NAME, nullable=True),
        sa.Column("home", NAME, nullable=True),
        sa.Column("offer_id", ID, nullable=True),
        sa.Column("answered_us", sa.BigInteger(), nullable=True),
        sa.Column("talk_us", sa.BigInteger(), nullable=True),
        sa.Column("completed_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", WORD, nullable=True),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_joined_us", "calls", ["joined_us", "call_id"])
    op.create_index("ix_calls_queue_joined_us", "calls", ["queue", "joined_us"])
    op.create_index("ix_calls_agent_joined_us", "calls", ["agent", "joined_us"])
    op.create_table(
        "offers",
        sa.Column("offer_id", ID, nullable=False),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("queue", NAME, nullable=False),
        sa.Column("agent", NAME, nullable=False),
        sa.Column("home", NAME, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("penalty", sa.Integer(), nullable=True),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("outcome", WORD, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("ring_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("offer_id", name="pk_offers"),
    )
    op.create_index("ix_offers_call_id", "offers", ["call_id"])
    op.create_index("ix_offers_agent_made_us", "offers", ["agent", "made_us"])
    op.create_table(
        "cursors",
        sa.Column("consumer", NAME, nullable=False),
        sa.Column("position", WORD, nullable=False),
        sa.PrimaryKeyConstraint("consumer", name="pk_cursors"),
    )


def _create_queue_log() -> None:
    op.create_table(
        "queue_log",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("callid", sa.String(150), nullable=False),
        sa.Column("queuename", TEXT, nullable=False),
        sa.Column("agent", sa.String(128), nullable=False),
        sa.Column("event", WORD, nullable=False),
        *(sa.Column(f"data{number}", TEXT, nullable=False) for number in range(1, 6)),
        sa.PrimaryKeyConstraint("id", name="pk_queue_log"),
    )
    op.create_index("ix_queue_log_time", "queue_log", ["time"])


def downgrade() -> None:
    op.drop_table("queue_log")
    for table in ("cursors", "offers", "calls", "journal"):
        op.drop_table(table)
    for table in ("mirror", "tokens", "boxes", "members", "agents", "rules", "queues"):
        op.drop_table(table)

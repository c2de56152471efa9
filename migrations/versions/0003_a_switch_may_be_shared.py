"""Several agents may be judged by one Custom device; that no phone is two's, the directory checks.

Revises: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

#: Of those who share one, the first by name keeps it; the others are judged by their interface.
ONE_EACH = """
    UPDATE agents SET state_interface = NULL WHERE EXISTS (
        SELECT 1 FROM agents AS other
        WHERE other.state_interface = agents.state_interface AND other.name < agents.name)
"""


def upgrade() -> None:
    with op.batch_alter_table("agents") as agents:
        agents.drop_constraint("uq_agents_state_interface", type_="unique")
        agents.create_index("ix_agents_state_interface", ["state_interface"])


def downgrade() -> None:
    op.execute(sa.text(ONE_EACH))
    with op.batch_alter_table("agents") as agents:
        agents.drop_index("ix_agents_state_interface")
        agents.create_unique_constraint("uq_agents_state_interface", ["state_interface"])

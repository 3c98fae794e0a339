"""Goals."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("goals", sa.Column("title", sa.Text, nullable=False))

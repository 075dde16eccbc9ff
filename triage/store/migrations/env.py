"""How Alembic runs: always inside the program, on the connection that it hands over."""

from alembic import context
from sqlmodel import SQLModel

from triage.store import ledger_tables, tables  # noqa: F401 - filling the metadata is the point

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

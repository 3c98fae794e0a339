# migrate/migrations/env.py
from alembic import context

# The handler's connection. On your machine, make one from your own settings.
connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()

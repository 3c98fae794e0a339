"""The database's failures, as the app sees them."""


class DatabaseUnavailable(Exception):
    """The database can't be used now: unreachable, overloaded, restarting, wrong credentials."""


class MigrationFailed(Exception):
    """A migration can't be applied; the schema stays as it was before it."""

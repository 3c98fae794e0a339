"""The fault sweep: every call of a release or a rollback, struck by everything that can happen to a call."""

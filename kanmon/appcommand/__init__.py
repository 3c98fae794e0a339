"""The only way to start a command of the app: without secrets, and without a process left behind (TRU-3)."""

"""AWS on loopback for demo and tests: emulator, database, and the edge in front (see README.md)."""

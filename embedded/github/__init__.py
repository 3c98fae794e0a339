"""GitHub on loopback, checked against its own description; see README.md."""

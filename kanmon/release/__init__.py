"""The room of releases: the state machine. It talks to no service itself."""

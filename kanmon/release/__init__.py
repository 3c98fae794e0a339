"""The room of releases: the state machine. It reaches every service by a port."""

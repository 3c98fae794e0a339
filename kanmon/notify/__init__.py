"""The room of messages: short chat messages about releases and alarms. They never stop a release (CD-12)."""

"""Fakes that behave: an AWS in memory on which the state machine runs, and can be struck anywhere."""

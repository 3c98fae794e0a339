"""The mandala app's API: goals, each with eight sub-goals of eight actions."""

"""The app's tests: runs their commands, reads their reports and gives a verdict (CD-1)."""

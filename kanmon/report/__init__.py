"""The room of reports: the same facts for the terminal and for a page."""

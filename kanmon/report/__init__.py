"""Reports: the same facts for the terminal and for a page."""

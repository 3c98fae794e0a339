"""Traffic: the API pointer, the web pointer, and the previews of candidates."""

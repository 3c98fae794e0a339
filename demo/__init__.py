"""The demo: the whole story of a release, for real, on the embedded AWS."""

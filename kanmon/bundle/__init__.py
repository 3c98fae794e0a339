"""The bundle: a release's files, built once, packed deterministically, named by content."""

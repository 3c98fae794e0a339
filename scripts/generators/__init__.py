"""The generators of files from the code, and the release of the suite."""

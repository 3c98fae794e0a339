"""What is generated from the code, and the release of the suite."""

"""Kanmon's cost in time, beside other tools on the same machine. See docs/benchmarks.md."""

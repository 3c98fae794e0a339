"""What Kanmon costs in time, beside others on the same machine. See docs/benchmarks.md."""

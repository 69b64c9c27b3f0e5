"""The chance of running out against the field: `python -m benchmarks.risk --data NAME`."""

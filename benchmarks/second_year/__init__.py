"""The demonstration's second year, lived again by planners who act on one list or another:
`python -m benchmarks.second_year`."""

"""Repeatable measurements: `python -m benchmarks`, or `make bench`. README.md says what each figure is, and what it is not."""

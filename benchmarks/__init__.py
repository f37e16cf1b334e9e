"""Benchmarks: what the project costs beside the alternatives, every figure a ratio of one run."""

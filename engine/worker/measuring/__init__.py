"""Estimates, benchmarks and checks of a title in the worker."""

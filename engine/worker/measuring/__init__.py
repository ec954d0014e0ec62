"""Estimates and benchmarks of the worker."""

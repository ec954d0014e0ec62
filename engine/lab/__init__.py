"""Benchmarks of a title: seek latency and throughput."""

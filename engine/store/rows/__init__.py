"""Rows of the state file, every cell checked: titles, settings, estimates, digests, measurements."""

"""The bound of every wait in the tests."""

HANG_S = 300.0
"""Seconds after which a wait is given up, so that a hang ends. It is no claim on speed: a machine may be as slow as it
likes, and what must not happen is never shown by time that passes."""

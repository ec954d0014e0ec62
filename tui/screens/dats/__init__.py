"""Screens of what the datfiles and the digests tell of titles."""

"""The sample library."""

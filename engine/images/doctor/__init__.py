"""Checks of an image's structure and content."""

"""Titles of several files: split images, read joined."""

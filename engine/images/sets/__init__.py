"""Titles of several files: split images, and sheets with the files that they name."""

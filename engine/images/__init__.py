"""Disc images: formats, indexes, readers and writers."""

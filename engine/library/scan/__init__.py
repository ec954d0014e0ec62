"""Scanning folders for disc images."""

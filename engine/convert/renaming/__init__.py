"""Renames of titles with all their files: a plan, a journal, and the way back."""

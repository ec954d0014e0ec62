"""The columns that a list of titles can be sorted by; the parser needs their names without the catalog."""

STATE = "state"
SORT_KEYS = ("title", "serial", "system", "format", "size", "estimate", "saving", "path", "region", "block", STATE)
"""The allowed keys of `catalog.sort_titles`."""

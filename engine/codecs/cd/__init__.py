"""CDs in a CHD: their hunks."""

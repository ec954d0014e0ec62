"""The part file: its name, marker, lock and publication."""

"""CHD hunks in the native kernel."""

"""Commands about datfiles, and about the discs that they list."""

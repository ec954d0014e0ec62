"""Views of what the datfiles and the digests tell of titles: copies of a disc, counts of a list."""

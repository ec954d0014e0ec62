"""FLAC frames without a file around them, as the hunks of a CHD contain them."""

"""CHD: reader and writer."""

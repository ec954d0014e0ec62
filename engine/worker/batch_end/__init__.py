"""The end of a batch of conversions, and who is told of it."""

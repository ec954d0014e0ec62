"""The threads of a conversion, and the watch over its source."""

"""Block codecs behind one small protocol."""

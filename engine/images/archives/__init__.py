"""Archives with disc images in them: what they hold, and its bytes, without ever unpacking to disk."""

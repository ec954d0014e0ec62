"""Archives with disc images in them: lists and reads their files without unpacking to disk."""

"""Commands that take image files: convert, info, doctor, verify."""

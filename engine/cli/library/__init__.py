"""Commands on the library: scan, ls, set, estimate, demo, undo, trash."""

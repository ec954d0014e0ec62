"""The trash of a folder: entries, listing, undo, emptying."""

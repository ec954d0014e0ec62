"""The operating system: positional reads and writes, syncs, locks, renames, file systems."""

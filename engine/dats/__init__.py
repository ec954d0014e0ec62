"""Datfiles: lists of known discs, read, indexed and compared with what the library knows."""

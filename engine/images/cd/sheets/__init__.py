"""Sheets: the texts and descriptors that name the files of a disc, and their parsers."""

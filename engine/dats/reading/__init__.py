"""Readers of datfiles: XML, text, archives and folders of them."""

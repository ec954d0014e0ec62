"""Estimates of the formats that nod-rs writes from whole discs."""

"""Identification of the game in an image: ISO 9660 lookup, PARAM.SFO, serials."""

"""Which game an image is: ISO 9660 lookup, PARAM.SFO, serials."""

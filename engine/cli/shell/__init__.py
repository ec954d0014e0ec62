"""The completion scripts and the manual page, made from the parser; packages install them where shells look."""

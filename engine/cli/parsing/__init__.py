"""The command line's parser."""

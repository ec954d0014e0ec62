"""What is in a file: formats, indexes, readers and writers of disc images."""

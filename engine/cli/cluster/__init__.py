"""`discpress cluster`: several machines that work on one queue."""

"""discpress."""

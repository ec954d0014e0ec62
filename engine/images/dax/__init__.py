"""DAX: reader."""

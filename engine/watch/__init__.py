"""Watched folders: new images that stand still are queued by the rules of the settings."""

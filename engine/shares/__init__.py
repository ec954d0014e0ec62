"""Shares: folders that several machines see under different paths."""

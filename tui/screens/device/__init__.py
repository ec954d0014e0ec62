"""Screens about devices that games are put on."""

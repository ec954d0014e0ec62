"""Devices that games are put on: the plan of a deployment as texts."""

"""Work on devices that games are put on."""

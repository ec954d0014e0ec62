"""The floors of the house, from the roof down, and how many files a folder has."""

FLOORS = (
    {"discpress"},
    {"tui"},
    {"cli"},
    {"worker", "watch"},
    {"cluster"},
    {"queue"},
    {"deploy"},
    {"lab", "library"},
    {"convert"},
    {"dats", "shares"},
    {"store", "config", "demo"},
    {"measure", "discs"},
    {"images"},
    {"codecs", "targets"},
    {"system"},
    {"progress"},
    {"errors", "request"},
    {"formats", "units", "names", "states", "systems", "imports", "garbage"},
)
"""Rooms from the roof down; a room may use every lower floor, and no other room of its own."""
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MAX_FILES = 17
"""Python files of a folder: more cannot be taken in at a glance."""
MANY_SCREENS = 21

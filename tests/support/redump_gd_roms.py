"""GD-ROMs as Redump dumps them: a CUE sheet with both areas, a file for each track, each with its gap."""

from pathlib import Path

from made_cds import MadeDisc, write_split_cue


def write_gd_cue(path: Path, disc: MadeDisc) -> Path:
    """Write a disc as such a sheet and its files; its third track begins the high-density area."""
    sheet = write_split_cue(path, disc)
    first, second, third = sheet.read_bytes().split(b"FILE ", 3)[1:]
    areas = (b"SINGLE-DENSITY AREA\r\nFILE " + first, b"FILE " + second, b"REM HIGH-DENSITY AREA\r\nFILE " + third)
    sheet.write_bytes(b"REM " + b"".join(areas))
    return sheet

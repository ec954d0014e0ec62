"""Names for loaders that find a game by its id only: `Title [GAMEID]/GAMEID.wbfs`.

USB Loader GX lists a file or folder only if its name is an id, or ends in one in brackets (wbfs_fat.cpp,
GetHeadersCount).
"""

import re
from pathlib import Path

from discpress.engine.formats import PLAIN_FORMAT, Settings
from discpress.engine.names import MAX_FILE_NAME_BYTES, safe_file_name
from discpress.engine.targets import TARGETS

_ID = re.compile(r"[A-Z0-9]{6}")
_TITLE_BYTES = MAX_FILE_NAME_BYTES - len(" [GAMEID]")


def is_game_id(serial: str) -> bool:
    """Return whether a serial is the id of a GameCube or Wii game."""
    return _ID.fullmatch(serial) is not None


def listed_id(settings: Settings, serial: str) -> str:
    """Return the id that must be in the name of a result for a game with this serial; empty if any name does.

    A plain image keeps its name: it is the way back from such a file.
    """
    target = TARGETS.get(settings.target)
    is_needed = target is not None and target.names_by_id and settings.format is not PLAIN_FORMAT
    return serial if is_needed and is_game_id(serial) else ""


def path_by_id(folder: Path, stem: str, game_id: str, suffix: str, *, is_next_to_source: bool) -> Path:
    """Return the path of a result in the folder of its game within `folder`; `stem` is the name of the image.

    With `is_next_to_source`, a folder that is that of the game already has no other one in it.
    """
    name = f"{game_id}{suffix}"
    if is_next_to_source and _is_of_game(folder.name, game_id):
        return folder / name
    title = stem.removesuffix(f"[{game_id}]").strip(" _")
    title = title.encode(errors="surrogateescape")[:_TITLE_BYTES].decode(errors="ignore")
    is_id = title.upper() in {"", game_id}
    return folder / (game_id if is_id else safe_file_name(f"{title} [{game_id}]")) / name


def _is_of_game(folder_name: str, game_id: str) -> bool:
    return folder_name == game_id or folder_name.startswith(f"{game_id}_") or folder_name.endswith(f"[{game_id}]")

"""`ul.cfg` on a device: read, and rewritten whole with a copy of the old one next to it."""

from pathlib import Path

from discpress.engine.deploy.records import UlGame
from discpress.engine.deploy.ul_cfg import has_game, with_game
from discpress.engine.errors import DamagedImageError, from_os_error
from discpress.engine.images.sets.opl_list import LIST_NAME, MAX_LIST_BYTES
from discpress.engine.names import display_name
from discpress.engine.system.files import read_regular
from discpress.engine.system.rename import draft_of, locked_folder, sync_folder, write_draft

OLD_NAME = f"{LIST_NAME}.discpress-old"
"""The list as it was before a run changed it."""
_MODE = 0o644


class UlList:
    """The list of games in parts, for one run."""

    def __init__(self, root: Path) -> None:
        self._path = root / LIST_NAME
        self._is_kept = False

    def has(self, game: UlGame) -> bool:
        """Return whether the list has a game, as OPL reads it. Raises DamagedImageError, StorageError."""
        return has_game(self._read(), game)

    def add(self, game: UlGame) -> None:
        """Add a game, unless the list has it; all entries of others stay.

        The first change of a run keeps the list as it was. Raises DamagedImageError if the list is damaged,
        StorageError, SpaceError.
        """
        try:
            with locked_folder(self._path.parent, None):  # another run may add a game
                self._add(game)
        except OSError as error:
            raise from_os_error(error, self._path, "write it") from error

    def _add(self, game: UlGame) -> None:
        data = self._read()
        if has_game(data, game):
            return
        if data and not self._is_kept:
            self._write(self._path.with_name(OLD_NAME), data)
        self._is_kept = True
        self._write(self._path, with_game(data, game))

    def _read(self) -> bytes:
        try:
            data = read_regular(self._path, MAX_LIST_BYTES + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise from_os_error(error, self._path, "read it") from error
        if len(data) > MAX_LIST_BYTES:
            raise DamagedImageError(
                f"{display_name(self._path)}: is too large for a list of games",
                hint="move it away, or repair it with USBUtil",
            )
        return data

    def _write(self, path: Path, data: bytes) -> None:
        draft = draft_of(path)
        try:
            write_draft(draft, data, _MODE)
            draft.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise from_os_error(error, path, "write it") from error

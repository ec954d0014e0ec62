"""Nintendont and USB Loader GX: a folder per game, named after its title and its ID; and Dolphin, which takes any.

GameCube: `games/Title [GALE01]/game.iso`, the second disc `disc2.iso` next to it, CISO with the suffix `.ciso`.
Wii: `wbfs/Title [RMCE01]/RMCE01.wbfs`, with `.wbf1` and so on for what a FAT32 file cannot hold.
USB Loader GX copies a folder's name into 130 bytes and shows titles of less than 64.
Sources: Nintendont, https://github.com/FIX94/Nintendont at d948ded, loader/source/menu.c and kernel/DI.c;
USB Loader GX, https://github.com/wiidev/usbloadergx at e25c4e9, source/usbloader/wbfs/wbfs_fat.cpp, splits.c and
source/GameCube/GCGames.cpp.
"""

from pathlib import PurePosixPath

from discpress.engine.convert.nintendo.loader_names import is_game_id
from discpress.engine.convert.nintendo.split_files import MOST_PARTS, PART_BYTES, part_paths
from discpress.engine.deploy.layouts.forms import Form, Refused, check_played, form_for, is_split_wbfs, largest_bytes
from discpress.engine.deploy.layouts.names import device_stem, own_stem
from discpress.engine.deploy.records import DeviceFacts, LayoutRequest, Placement
from discpress.engine.discs.file_titles import without_number
from discpress.engine.formats import ImageFormat
from discpress.engine.store.model import Title
from discpress.engine.systems import System
from discpress.engine.targets import TARGETS

_MOST_TITLE_BYTES = 63
_DISC_NAMES = {None: "game", 1: "game", 2: "disc2"}
"""The names of GameCube discs by their number."""


def place_dolphin(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a title for Dolphin: its own name."""
    form = form_for(title, TARGETS["dolphin"], device, request)
    return _placed(title, form, PurePosixPath(), device_stem(own_stem(title)), device)


def place_nintendont(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a GameCube title for Nintendont."""
    target = TARGETS["nintendont"]
    check_played(title, target)
    stem = _DISC_NAMES.get(title.disc.disc_number)
    if stem is None:
        raise Refused(f"it is disc {title.disc.disc_number}, and Nintendont reads two discs of a game")
    folder = PurePosixPath("games", _folder_name(title))
    return _placed(title, form_for(title, target, device, request), folder, stem, device)


def place_usb_loader_gx(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a Wii title for USB Loader GX, which starts GameCube titles with Nintendont."""
    if title.system is System.GAMECUBE:
        return place_nintendont(title, device, request)
    target = TARGETS["usbloadergx"]
    check_played(title, target)
    folder = PurePosixPath("wbfs", _folder_name(title))
    is_wbfs = title.format is ImageFormat.WBFS and not title.is_archived
    form = form_for(title, target, device, request, can_cut=is_wbfs and not title.others)
    return _placed(title, form, folder, _game_id(title), device)


def _game_id(title: Title) -> str:
    if not is_game_id(title.serial):
        raise Refused("it has no game ID, which its folder is named after")
    return title.serial


def _folder_name(title: Title) -> str:
    """Return the folder of a game, the same for all its discs."""
    game = without_number(title.title or own_stem(title))
    return f"{device_stem(game, _MOST_TITLE_BYTES)} [{_game_id(title)}]"


def _placed(title: Title, form: Form, folder: PurePosixPath, stem: str, device: DeviceFacts) -> Placement:
    path = folder / f"{stem}{form.suffix}"
    if form.is_converted:
        return Placement((path,), format=form.format, target=form.target.name)
    if is_split_wbfs(title):
        return Placement(_split_names(path, len(title.file_paths)), target=form.target.name)
    limit = device.max_file_bytes
    if limit is not None and largest_bytes(title) > limit:
        count = -(-largest_bytes(title) // PART_BYTES)
        return Placement(_split_names(path, count), target=form.target.name, part_bytes=PART_BYTES)
    return Placement((path,), target=form.target.name)


def _split_names(path: PurePosixPath, count: int) -> tuple[PurePosixPath, ...]:
    if count > MOST_PARTS:
        raise Refused(f"it has {count} parts, and loaders read {MOST_PARTS}")
    return part_paths(path, count)

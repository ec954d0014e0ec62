"""PPSSPP, Batocera and plain folders: titles under their own names.

A PSP, and PPSSPP on its memory stick, list `ISO/`. Batocera has a folder for each system below `roms`, and its menu
lists files by their suffixes. Sources: the pages of the systems in https://wiki.batocera.org, and es_systems.yml of
https://github.com/batocera-linux/batocera.linux.
"""

from pathlib import PurePosixPath

from discpress.engine.deploy.layouts.forms import (
    Form,
    Refused,
    form_for,
    is_split_wbfs,
    largest_bytes,
    refuse_too_large,
)
from discpress.engine.deploy.layouts.names import device_stem, is_device_name, own_stem
from discpress.engine.deploy.records import DeviceFacts, LayoutRequest, Placement
from discpress.engine.formats import TRACKS_FORMAT, ImageFormat
from discpress.engine.images.registry import spec_of
from discpress.engine.images.spec import Kind
from discpress.engine.store.model import Fault, Title
from discpress.engine.systems import SYSTEMS, System
from discpress.engine.targets import ANY, TARGETS, Target

_ROMS = "roms"
_BATOCERA_FOLDERS = {
    System.PS1: "psx",
    System.PS2: "ps2",
    System.PSP: "psp",
    System.GAMECUBE: "gamecube",
    System.WII: "wii",
    System.SATURN: "saturn",
    System.DREAMCAST: "dreamcast",
    System.MEGA_CD: "megacd",  # segacd before Batocera 42
    System.PC_ENGINE_CD: "pcenginecd",
    System.PC_FX: "pcfx",
    System.THREE_DO: "3do",
    System.NEO_GEO_CD: "neogeocd",
    System.CD_I: "cdi",
    System.XBOX: "xbox",
    System.XBOX_360: "xbox360",
}
_UNLISTED = frozenset({ImageFormat.ZSO, ImageFormat.DAX, ImageFormat.JSO, ImageFormat.WIA, ImageFormat.TGC})
"""Formats whose suffixes no menu of Batocera lists."""


def place_ppsspp(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a title for PPSSPP or a PSP."""
    form = form_for(title, TARGETS["ppsspp"], device, request)
    return _named(title, form, PurePosixPath("ISO"), device)


def place_batocera(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a title for Batocera; the device's root is its share, or the folder `roms` of it."""
    name = _BATOCERA_FOLDERS.get(title.system)
    if name is None:
        raise Refused(f"Batocera has no folder for discs of this kind ({SYSTEMS[title.system].label})")
    form = form_for(title, _batocera_target(title.system), device, request, unlisted=_UNLISTED)
    folder = PurePosixPath(name) if device.root.name.casefold() == _ROMS else PurePosixPath(_ROMS, name)
    return _named(title, form, folder, device)


def _batocera_target(system: System) -> Target:
    """Return the emulator that Batocera starts for a system."""
    spec = SYSTEMS[system]
    if spec.chd_target != ANY:
        return TARGETS[spec.chd_target]
    if spec.target != ANY:
        return TARGETS[spec.target]
    return TARGETS[ANY]._replace(formats=(TRACKS_FORMAT,) if spec.plays_chd else ())


def place_folder(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a title in a folder that no loader reads: its files as they are."""
    if request.format is not None:
        return _named(title, form_for(title, TARGETS[ANY], device, request), PurePosixPath(), device)
    if title.known_fault is Fault.SPLIT_PART:
        raise Refused("other files of it are missing")
    if title.known_fault is Fault.OTHER and (title.format is None or title.is_archived):
        raise Refused(title.error)
    refuse_too_large(largest_bytes(title), device)
    return Placement(_own_paths(title, PurePosixPath(), device))


def _named(title: Title, form: Form, folder: PurePosixPath, device: DeviceFacts) -> Placement:
    """Return the place of a title under its own name; files that belong together get a folder of their own."""
    most = form.target.max_name
    stem = device_stem(own_stem(title), most) if most else device_stem(own_stem(title))
    path = folder / f"{stem}{form.suffix}"
    if form.is_converted:
        return Placement((path,), format=form.format, target=form.target.name)
    if is_split_wbfs(title):
        names = (f"{stem}{each.suffix}" for each in title.file_paths)
        return Placement(tuple(folder / name for name in names), target=form.target.name)
    if title.others:
        return Placement(_own_paths(title, folder / stem, device), target=form.target.name)
    return Placement((path,), target=form.target.name)


def _own_paths(title: Title, folder: PurePosixPath, device: DeviceFacts) -> tuple[PurePosixPath, ...]:
    """Return the paths of a title's files under their own names; Refused if a sheet names one that cannot be there."""
    names = [path.name for path in title.file_paths]
    odd = [name for name in names if not is_device_name(name)] if device.is_fat else []
    is_sheet = title.format is not None and spec_of(title.format).kind is Kind.SHEET
    if odd and is_sheet:
        raise Refused("a sheet names its files, and FAT and exFAT do not take all of these names", "ask for -f chd")
    if odd:
        names = [f"{device_stem(name.removesuffix(_suffix(name)))}{_suffix(name)}" for name in names]
    return tuple(folder / name for name in names)


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if is_device_name(suffix[1:]) else ""

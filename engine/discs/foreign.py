"""Reads system, serial, name and size of images of other formats, from their headers alone."""

from collections.abc import Callable, Sequence
from functools import partial
from struct import Struct

from discpress.engine.discs.file_titles import clean_text, read_file_title
from discpress.engine.discs.identity import identify
from discpress.engine.discs.info import DiscInfo, ForeignImage, Found
from discpress.engine.discs.nintendo import read_nintendo
from discpress.engine.discs.playstation import psp_serial
from discpress.engine.discs.sfo import MAX_SFO_BYTES, parse_sfo
from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat, is_block_size
from discpress.engine.images.archives.contents import raw_file_of
from discpress.engine.images.archives.model import MemberSource
from discpress.engine.images.archives.sheets import ArchivedSheet
from discpress.engine.images.cd.beside import Neighbours, last_part, possible_names
from discpress.engine.images.cd.format import CCD, CUE, GDI, MDS, RAW_CD
from discpress.engine.images.cd.sheet_source import named_like, read_sheet
from discpress.engine.images.cd.sheets.ccd import IMAGE_NAME
from discpress.engine.images.cd.sheets.mds import DATA_NAME
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR
from discpress.engine.images.nintendo.header import PACKED_DISCS
from discpress.engine.images.open import open_source
from discpress.engine.images.plain.format import ISO
from discpress.engine.images.raw_layouts import RawLayout, find_raw_layout
from discpress.engine.images.recognise import detect_format
from discpress.engine.images.recognised import JSO, PBP
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import ByteSource, FileSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES
from discpress.engine.names import display_name
from discpress.engine.systems import System

_DATA_NAMES = {CCD.name: IMAGE_NAME, MDS.name: DATA_NAME}
"""The files with the data of sheets that are called like it."""

_PSP = DiscInfo(System.PSP, found=Found.INSIDE)
_PBP = Struct("<8x8I")  # magic and version; offsets of PARAM.SFO, five pictures and sounds, DATA.PSP and DATA.PSAR
_PSAR_SYSTEMS = ((b"PSISOIMG", System.PS1), (b"PSTITLEIMG", System.PS1), (b"NPUMDIMG", System.PSP))

_JSO = Struct("<4s2xH4xI")  # magic, block size, decoded bytes, as ARK-4 reads them


def read_foreign(source: ByteSource, image_format: ImageFormat) -> ForeignImage:
    """Return the facts of a file that is not read, or cannot be, from its header, else from the file name.

    No bytes make it fail. StorageError if the disk fails.
    """
    reader = HEADER_READERS.get(image_format)
    found = ForeignImage(DiscInfo()) if reader is None else reader(source)
    name = source.path.name
    regions = (found.disc.region,) if found.disc.region else ()
    disc = found.disc.completed(read_file_title(name), regions=regions, fallback_title=clean_text(name))
    return found._replace(disc=disc)


def foreign_error(image_format: ImageFormat, found: ForeignImage) -> str:
    """Return the reason why such a file is not read, and the advice for it, as one line.

    No program reads a file that is cut short, so that there is no advice for it.
    """
    if found.is_cut:
        return found.problem
    spec = spec_of(image_format)
    return f"{spec.label} cannot be read: {spec.advice}" + (f"; {found.problem}" if found.problem else "")


def _read_pbp(source: ByteSource) -> ForeignImage:
    head = read_bytes(source, 0, _PBP.size)
    if len(head) < _PBP.size:
        return ForeignImage(_PSP, problem="it ends within its table of contents")
    offsets: Sequence[int] = _PBP.unpack(head)
    if list(offsets) != sorted(offsets) or offsets[0] < _PBP.size or offsets[-1] > source.size_bytes:
        return ForeignImage(_PSP, problem="its table of contents is damaged")
    values = parse_sfo(read_bytes(source, offsets[0], min(offsets[1] - offsets[0], MAX_SFO_BYTES)))
    start = read_bytes(source, offsets[-1], SNIFF_BYTES)
    systems = (system for magic, system in _PSAR_SYSTEMS if start.startswith(magic))
    # ME is the category of a PS1 game for PSP in Sony's shop.
    system = next(systems, System.PS1 if values.get("CATEGORY") == "ME" else System.PSP)
    serial, title = psp_serial(str(values.get("DISC_ID", ""))), clean_text(str(values.get("TITLE", "")))
    return ForeignImage(DiscInfo(system, serial, title, found=Found.INSIDE))


def _read_jso(source: ByteSource) -> ForeignImage:
    head = read_bytes(source, 0, _JSO.size)
    if len(head) < _JSO.size:
        return ForeignImage(_PSP)
    _, block_size, original_bytes = _JSO.unpack(head)
    is_possible = is_block_size(block_size) and original_bytes % SECTOR_SIZE == 0
    return ForeignImage(_PSP, original_bytes if is_possible else 0)


class _RawSectors:
    """The data in the sectors of a raw dump: a `SectorSource`."""

    def __init__(self, source: ByteSource, layout: RawLayout | None) -> None:
        self._source = source
        self._layout = layout
        self.size = source.size_bytes // self._layout.sector_bytes * SECTOR_SIZE if self._layout else 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Return decoded bytes, up to the first sector without data."""
        if self._layout is None:
            return b""
        first, skip = divmod(offset, SECTOR_SIZE)
        end = min(offset + length, self.size)
        pieces: list[bytes] = []
        for number in range(first, -(-end // SECTOR_SIZE)):
            raw = read_bytes(self._source, number * self._layout.sector_bytes, self._layout.sector_bytes)
            data = self._layout.data_of(raw)
            if data is None:
                break
            pieces.append(data)
        return b"".join(pieces)[skip : skip + max(0, end - offset)]


def _read_raw(source: ByteSource) -> ForeignImage:
    layout = find_raw_layout(lambda at, length: read_bytes(source, at, length), source.size_bytes)
    return ForeignImage(identify(_RawSectors(source, layout), source.path.name))


def _read_gdi(source: ByteSource) -> ForeignImage:
    found = _read_sheet(GDI.name, source)
    is_known = found.disc.system is not System.UNKNOWN
    return found if is_known else found._replace(disc=DiscInfo(System.DREAMCAST, found=Found.INSIDE))


def _read_sheet(image_format: ImageFormat, source: ByteSource) -> ForeignImage:
    """Read the files next to a sheet, by their base names only, whatever folder it names."""
    names, data_name = _named_files(image_format, source)
    if isinstance(source, MemberSource | ArchivedSheet):
        return _read_archived_sheet(source, names, data_name)
    neighbours = Neighbours(source.path.parent)
    missing = [name for name in names if neighbours.find(name) is None]
    reason = ", which it names," if image_format not in _DATA_NAMES else ""
    problem = f"{display_name(missing[0])}{reason} is not next to it" if missing else ""
    found = ForeignImage(DiscInfo(), files=names, problem=problem)
    data_path = neighbours.find(data_name)
    if data_path is None:
        return found
    try:
        raw = FileSource(data_path)
    except DiscpressError:
        return found
    try:
        return _with_disc_of(raw, source, found)
    finally:
        raw.close()


def _named_files(image_format: ImageFormat, source: ByteSource) -> tuple[tuple[str, ...], str]:
    """Return the base names of a sheet's files, and that of the file with the disc, empty if it is unknown.

    A faulty sheet names none, unless its data is called like the sheet.
    """
    try:
        sheet = read_sheet(source, image_format)
    except (DamagedImageError, UnsupportedImageError):
        own = named_like(source.path, _DATA_NAMES.get(image_format, ""))
        return ((own,) if own else ()), own
    named = [next(iter(possible_names(last_part(file.name))), "") for file in sheet.files]
    data = [track for track in sheet.tracks if track.kind.has_data]
    dense = [track for track in data if track.first_sector == HIGH_DENSITY_SECTOR]
    game = next(iter([*dense, *data, *sheet.tracks]))
    return tuple(dict.fromkeys(name for name in named if name)), named[game.pieces[-1].file]


def _read_archived_sheet(sheet: MemberSource | ArchivedSheet, names: tuple[str, ...], data_name: str) -> ForeignImage:
    found = ForeignImage(DiscInfo(), files=names)
    raw = raw_file_of(sheet, data_name) if data_name else None
    return found if raw is None else _with_disc_of(raw, sheet, found)


def _with_disc_of(raw: ByteSource, sheet: ByteSource, found: ForeignImage) -> ForeignImage:
    disc = _read_track(raw)
    if disc is None:
        return found
    # People name the sheet after the game.
    title = read_file_title(sheet.path.name).title or disc.title
    return found._replace(disc=disc._replace(title=title))


def _read_track(source: ByteSource) -> DiscInfo | None:
    """Return the facts of the disc in a track, raw or of 2048-byte sectors; None if it contains none."""
    try:
        kind = detect_format(source)
        if kind is RAW_CD.name:
            return _read_raw(source).disc
        disc = identify(open_source(source, kind), source.path.name) if kind is ISO.name else None
    except (DamagedImageError, UnsupportedImageError):
        return None
    return disc if disc is not None and disc.has_disc else None


HEADER_READERS: dict[ImageFormat, Callable[[ByteSource], ForeignImage]] = {
    CCD.name: partial(_read_sheet, CCD.name),
    CUE.name: partial(_read_sheet, CUE.name),
    GDI.name: _read_gdi,
    MDS.name: partial(_read_sheet, MDS.name),
    JSO.name: _read_jso,
    PBP.name: _read_pbp,
    RAW_CD.name: _read_raw,
    **{each: partial(read_nintendo, image_format=each) for each in PACKED_DISCS},
}
"""The readers of headers of recognised formats; of the others, only the file name tells what they contain."""

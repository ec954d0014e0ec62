"""Single parsers of discpress, each with any bytes: for fuzzing that stays with one kind, and for what it found.

A whole file seldom reaches a parser behind a checksum, a suffix or a signature. So each kind here gets its bytes at
once: a sheet with files beside it, a track table behind a sound header, a settings file, the list of a device.
"""

import atexit
import contextlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import MappingProxyType
from unittest.mock import patch

from look_everywhere import decode_hunks, look_into, probe, read_kept, refused

from discpress.engine.codecs.blocks import BlockError
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.flac.decoder import FlacDecoder
from discpress.engine.codecs.huff import HuffDecoder
from discpress.engine.codecs.lz4_blocks import Lz4Codec
from discpress.engine.codecs.lzma_hunks import LzmaDecoder
from discpress.engine.codecs.zstd import ZstdDecoder
from discpress.engine.config import load_config
from discpress.engine.config.saving import save_config
from discpress.engine.config.watch_rules import watch_rules
from discpress.engine.dats.index import DatIndex
from discpress.engine.dats.reading.files import read_dats
from discpress.engine.deploy.manifest import MANIFEST_NAME, Manifest
from discpress.engine.deploy.ul_cfg import has_game, part_names, ul_game, with_game
from discpress.engine.discs.achievements import achievements_at
from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.discs.nintendo import disc_in
from discpress.engine.discs.sfo import parse_sfo
from discpress.engine.errors import DamagedImageError, DiscpressError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.sheet_source import parse_sheet
from discpress.engine.images.chd.cd.tracks import read_tracks
from discpress.engine.images.chd.header import HEADER_SIZE, NO_CODEC, NO_SHA1, ChdHeader
from discpress.engine.images.chd.metadata import read_metadata, sha1_problem
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.known_disc import PVD_SECTOR
from discpress.engine.images.nintendo.header import PACKED_DISCS, read_packed_disc
from discpress.engine.images.nintendo.process import NodProcess
from discpress.engine.images.sets.opl_list import find_game, read_list
from discpress.engine.images.source import MemorySource
from discpress.engine.store.store import Store

HUNK_BYTES = 4096
"""Bytes of the hunks that are no frames."""
_FILES = 64
_DECODERS = (DeflateCodec(), ZstdDecoder(), LzmaDecoder(), HuffDecoder(), FlacDecoder(), Lz4Codec())
_UL_GAME = ul_game("Okami", "SLUS_203.12", 3 << 30, is_cd=False)
_MEMORY = Path("fuzzed")


def _sheet(image_format: ImageFormat) -> Callable[[Path], None]:
    """Return a look at a sheet: parse it, then open the disc that it describes."""

    def look(path: Path) -> None:
        try:
            parse_sheet(path.read_bytes(), image_format, path.name)
        except DiscpressError:
            return
        refused(lambda: look_into(path))
        refused(lambda: list(examine(path, None, deep=True)))

    return look


def _hunks(path: Path) -> None:
    """Decode bytes as a hunk of every codec: of a CD, and of other images."""
    data = path.read_bytes()
    decode_hunks(data)
    for decoder in _DECODERS:
        with contextlib.suppress(BlockError):
            decoder.decode(memoryview(data), HUNK_BYTES, 0)


def _metadata(path: Path) -> None:
    """Read bytes as the chain of entries behind the header of a CHD, as a track table, and as kept files."""
    data = path.read_bytes()
    codecs = (b"cdlz", NO_CODEC, NO_CODEC, NO_CODEC)
    header = ChdHeader(codecs, 1 << 20, HEADER_SIZE, HEADER_SIZE, 8 * 2448, 2448, bytes(20), b"\1" * 20, NO_SHA1)
    source = MemorySource(_MEMORY, header.encode() + data)
    with contextlib.suppress(DiscpressError):
        entries = read_metadata(source, header)
        sha1_problem(source, header)
        refused(partial(read_tracks, source, entries))
        for entry in entries[:_FILES]:
            read_kept(source.read_at(entry.offset, entry.length))
    read_kept(data)


def _dats(path: Path) -> None:
    """Read bytes as datfiles, and put what is found into the index of a state file."""
    found = []
    with contextlib.suppress(DiscpressError):
        found = list(read_dats(path, lambda _path, _problem: None))
    if found:
        _index().renew(found, path)
        for game in found[0].dat.games[:_FILES]:
            read_file_title(game.name)


@cache
def _index() -> DatIndex:
    """Return an index of its own, which stays until the process ends."""
    folder = TemporaryDirectory(prefix="discpress-fuzz-state-")
    store = Store(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(store.close)  # before the folder goes
    return DatIndex(store.file)


def _nintendo(path: Path) -> None:
    """Read bytes as the header of each packed form of a GameCube or Wii disc; nod-rs is never reached."""
    source = MemorySource(path, path.read_bytes())
    for image_format in PACKED_DISCS:
        packed = read_packed_disc(source, image_format)
        disc = disc_in(packed)
        packed.describe_loss(disc.system)
    with patch.object(NodProcess, "__init__", side_effect=DamagedImageError("refused")):
        probe(path)
        refused(lambda: look_into(path))
        refused(lambda: list(examine(path, None, deep=True)))


def _settings(path: Path) -> None:
    """Load bytes as the settings file, and change a setting in it."""
    with contextlib.suppress(DiscpressError):
        _ = load_config(path).request
    with contextlib.suppress(DiscpressError):
        save_config(path, {"level": 3, "keys": {"quit": "q"}, "trash_days": None})


def _watch(path: Path) -> None:
    """Load bytes as the tables of watched folders."""
    import tomllib

    try:
        value = tomllib.loads(f"[[watch]]\n{path.read_bytes().decode()}").get("watch")
        rules = watch_rules(value)
    except (ValueError, RecursionError):
        return
    for rule in rules:
        assert rule.key, "a rule without a key"
        assert rule.hours is None or str(rule.hours)


def _device(path: Path) -> None:
    """Read bytes as the two lists on a device: `ul.cfg`, and discpress's own."""
    data = path.read_bytes()
    games = list(read_list(data))
    find_game(games, _UL_GAME.serial, 1)
    with contextlib.suppress(DiscpressError):
        changed = with_game(data, _UL_GAME)
        assert has_game(changed, _UL_GAME), "an added game is not in the list"
    part_names(_UL_GAME)
    path.with_name(MANIFEST_NAME).write_bytes(data)
    with contextlib.suppress(DiscpressError):
        manifest = Manifest.read(path.parent)
        for entry in manifest:
            manifest.at(entry.files[0].path)
            for file in entry.files:
                assert ".." not in PurePosixPath(file.path).parts, "a path leads off the device"
                manifest.file_at(file.path)


def _discs(path: Path) -> None:
    """Read bytes as the first sectors of a disc, as those from its volume descriptor on, and as a PARAM.SFO."""
    data = path.read_bytes()
    parse_sfo(data)
    for start in (0, PVD_SECTOR * SECTOR_SIZE):
        path.write_bytes(bytes(start) + data)
        refused(lambda: look_into(path))
        achievements_at(path)
        probe(path)


LOOKS: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "cue": _sheet(ImageFormat.CUE),
        "ccd": _sheet(ImageFormat.CCD),
        "mds": _sheet(ImageFormat.MDS),
        "gdi": _sheet(ImageFormat.GDI),
        "hunks": _hunks,
        "metadata": _metadata,
        "dats": _dats,
        "nintendo": _nintendo,
        "settings": _settings,
        "watch": _watch,
        "device": _device,
        "discs": _discs,
    }
)
"""For each kind of bytes, a look at a file of them: refusals are fine, any other exception is a find."""

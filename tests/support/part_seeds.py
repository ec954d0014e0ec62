"""Small sound inputs of each kind of `look_at_parts.LOOKS`: for fuzzing to begin with, and to change in tests."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import foreign_images
import lz4.block
import other_discs
import zstandard
from cd_sectors import form_1
from kept_entries import kept_chd
from look_at_parts import HUNK_BYTES
from made_cds import MadeDisc, write_ccd, write_cue, write_gdi, write_mds, write_split_cue
from made_hunks import HUNK
from packed_cds import CODECS, FRAME, PACKERS, MadeTrack, deflated
from sample_images import GOLDEN

from discpress.engine.codecs.lzma_hunks import compress_hunk
from discpress.engine.deploy.manifest import MANIFEST_NAME, DeviceFile, Entry, Manifest, SourceStamp
from discpress.engine.deploy.ul_cfg import ul_game, with_game
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.kept.entry import TAG, encode
from discpress.engine.images.cd.kept.reading import kept_in
from discpress.engine.images.chd.metadata import NewEntry, encode_entries
from discpress.engine.images.known_disc import PVD_SECTOR
from discpress.engine.images.open import open_image

Seeds = Mapping[str, bytes]

MOST_BYTES = 60 * 1024
_DATS = GOLDEN.with_name("dats")
_DISC = MadeDisc().add("MODE2/2352", 3).add("AUDIO", 2, pregap=2)
_SETTINGS = """folders = ["~/games", "/mnt/usb"]
target = "opl"
targets = { ps2 = "opl", psp = "ark", default = "any" }
level = 9
format = "chd"
methods = ["zstd", "lzma"]
block_size = "16K"
threads = 4
trash = true
trash_days = 30
playlists = true
theme = "light"
notify = "bell"
on_done = ["program", "argument"]
webhook = "https://host.example:8080/path?key=value"
mouse = "auto"
ascii = false
keys = { quit = "ctrl+q" }
[[watch]]
folder = "~/downloads"
"""
_WATCH = """folder = "/in"
format = "chd"
target = "pcsx2"
level = 3
min_saving = 10
hours = "23:30-06:00"
originals = "trash"
sick = "check"
output_folder = "/games"
every = 300
[[watch]]
folder = "~/downloads"
target = "auto"
"""


def _sheets(suffix: str) -> Seeds:
    writers: Mapping[str, tuple[Callable[..., Path], ...]] = {
        "cue": (write_cue, write_split_cue), "ccd": (write_ccd,), "mds": (write_mds,), "gdi": (write_gdi,)
    }  # fmt: skip
    seeds = {}
    with TemporaryDirectory() as folder:
        for number, write in enumerate(writers[suffix]):
            path = write(Path(folder) / f"fuzzed.{suffix}", _DISC)
            seeds[f"{number}.{suffix}"] = path.read_bytes()
    return seeds


def _hunks() -> Seeds:
    seeds = {f"{tag.decode()}.{frames}": PACKERS[tag](HUNK[: frames * FRAME]) for tag in CODECS for frames in (1, 4)}
    hunk = HUNK[:HUNK_BYTES]
    others = {
        "zlib": deflated(hunk),
        "zstd": zstandard.ZstdCompressor(level=9).compress(hunk),
        "lzma": compress_hunk(hunk, 9),
        "lz4": bytes(lz4.block.compress(hunk, store_size=False)),
    }
    return seeds | others


def _metadata() -> Seeds:
    tracks = [MadeTrack("MODE2_RAW", form_1(0, bytes(2048)) * 9), MadeTrack("AUDIO", b"\1\2" * 1176 * 8)]
    seeds = {}
    for tag in (b"CHT2", b"CHGD", b"CHTR"):
        entries = [NewEntry(tag, track.entry(number, tag)) for number, track in enumerate(tracks, 1)]
        seeds[tag.decode()] = encode_entries(entries)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kept.chd"
        path.write_bytes(kept_chd(write_cue(Path(folder) / "kept.cue", _DISC)))
        with open_image(path) as image:
            kept = kept_in(image).files
    assert kept is not None
    payload = encode(kept)
    return seeds | {"kept": payload, "kept-entry": encode_entries([NewEntry(TAG, payload)])}


def _dats() -> Seeds:
    return {path.name: path.read_bytes() for path in sorted(_DATS.iterdir())}


def _nintendo() -> Seeds:
    disc = foreign_images.nintendo_disc()
    return {
        "wbfs": foreign_images.wbfs(disc, places=(1, 0, 2))[:4096],
        "tgc": foreign_images.tgc(disc),
        "wia": foreign_images.wia(disc),
        "rvz": foreign_images.wia(disc, magic=b"RVZ\x01"),
        "gcz": foreign_images.gcz(disc),
        "gcz-plain": foreign_images.gcz(disc, is_packed=False)[:MOST_BYTES],
        "ciso": foreign_images.gamecube_ciso(disc),
    }


def _device() -> Seeds:
    lists = b""
    for number in range(3):
        lists = with_game(lists, ul_game(f"Game {number}", f"SLUS_203.1{number}", number << 30, is_cd=number == 0))
    with TemporaryDirectory() as folder:
        file = DeviceFile("DVD/Okami [/b].zso", 5, 1_500_000_000_000_000_000, "ab" * 16)
        Manifest(Path(folder)).put(Entry("/games/Okami.iso", SourceStamp(10, 15, others=7), "opl", "zso", (file, file)))
        manifest = (Path(folder) / MANIFEST_NAME).read_bytes()
    return {"ul.cfg": lists, "manifest": manifest}


def _discs() -> Seeds:
    seeds = {
        "gamecube": other_discs.gamecube()[:4096],
        "saturn": other_discs.saturn()[:4096],
        "dreamcast": other_discs.dreamcast()[:4096],
        "mega-cd": other_discs.mega_cd()[:4096],
        "pc-engine": other_discs.pc_engine()[:8192],
        "xbox": other_discs.xdvdfs(b"default.xbe", other_discs.xbe())[PVD_SECTOR * SECTOR_SIZE :],
        "xbox-360": other_discs.xdvdfs(b"default.xex", other_discs.xex())[PVD_SECTOR * SECTOR_SIZE :],
        "sfo": foreign_images.sfo({"TITLE": "A Game", "DISC_ID": "ULUS10041", "DISC_VERSION": "1.00"}),
        "pbp": foreign_images.pbp({"TITLE": "A Game", "DISC_ID": "ULUS10041"})[:2048],
    }
    for name in ("psp.iso", "ps2.iso", "tail.iso"):
        seeds[name] = (GOLDEN / name).read_bytes()[PVD_SECTOR * SECTOR_SIZE :][:MOST_BYTES]
    return seeds


SEEDS: Mapping[str, Callable[[], Seeds]] = MappingProxyType(
    {
        **{suffix: partial(_sheets, suffix) for suffix in ("cue", "ccd", "mds", "gdi")},
        "hunks": _hunks,
        "metadata": _metadata,
        "dats": _dats,
        "nintendo": _nintendo,
        "settings": lambda: {"settings": _SETTINGS.encode()},
        "watch": lambda: {"watch": _WATCH.encode()},
        "device": _device,
        "discs": _discs,
    }
)
"""For each kind, the sound inputs by name."""
NEIGHBOURS: Mapping[str, bytes] = MappingProxyType(
    dict.fromkeys(("fuzzed.bin", "fuzzed.img", "fuzzed.mdf", "track01.bin", "track02.raw"), bytes(2352 * 10))
)
"""The files that the sheets name."""

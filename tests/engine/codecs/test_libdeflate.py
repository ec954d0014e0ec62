"""CSO for emulators: libdeflate packs no larger than zlib, zlib decodes it, and a PSP never gets it."""

from array import array

import pytest
import sample_images

from discpress.engine.codecs import libdeflate
from discpress.engine.codecs.blocks import PLAIN_BIT
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.libdeflate import LibdeflateCodec
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import codec_of
from discpress.engine.measure.estimate import grid_levels
from discpress.engine.targets import TARGETS

BLOCK = 2048
CHUNK = sample_images.compressible(64 * BLOCK) + sample_images.mixed(64 * BLOCK)
EMULATORS = {"armsx2", "lrps2", "neutrino", "play", "pcsx2", "ppsspp", "nethersx2"}
installed = pytest.mark.skipif(not libdeflate.VERSION, reason="the optional package deflate is not installed")


def pack(codec: DeflateCodec, level: int) -> tuple[int, bytes]:
    """Return the packed size of the chunk and what zlib decodes from it."""
    out, lengths = memoryview(bytearray(len(CHUNK))), array("I", bytes(4 * (len(CHUNK) // BLOCK)))
    codec.pack(memoryview(CHUNK), BLOCK, 1, level, out, lengths)
    decoded, position = b"", 0
    for length in lengths:
        stored = out[position : position + (length & ~PLAIN_BIT)]
        decoded += bytes(stored) if length & PLAIN_BIT else DeflateCodec().decode(stored, BLOCK, 0)
        position += len(stored)
    return position, decoded


@installed
@pytest.mark.parametrize("level", range(13))
def test_zlib_decodes_what_libdeflate_packs(level: int) -> None:
    assert pack(LibdeflateCodec(), level)[1] == CHUNK


@installed
@pytest.mark.parametrize("level", [1, 6, 9])
def test_it_packs_to_the_size_that_zlib_does(level: int) -> None:
    """Within a hundredth; tests/bench/cso.py says what it is on real discs."""
    assert pack(LibdeflateCodec(), level)[0] <= 1.01 * pack(DeflateCodec(), level)[0]


@installed
def test_its_highest_level_packs_smaller_than_the_highest_of_zlib() -> None:
    assert pack(LibdeflateCodec(), 12)[0] < pack(DeflateCodec(), 9)[0]


@installed
def test_estimates_for_emulators_have_its_levels_and_those_for_others_do_not() -> None:
    assert [tuple(grid_levels(ImageFormat.CSO, target=name)) for name in ("any", "ark", "ppsspp")] == [
        (1, 6, 9),
        (1, 6, 9),
        (1, 6, 9, 10, 12),
    ]


@installed
@pytest.mark.parametrize("name", [each.name for each in TARGETS.values() if ImageFormat.CSO in each.formats])
def test_only_what_emulators_alone_load_is_packed_by_it(name: str) -> None:
    codec = codec_of(Settings(ImageFormat.CSO, target=name))
    assert (name, type(codec)) == (name, LibdeflateCodec if name in EMULATORS else DeflateCodec)


def test_a_target_that_is_not_known_gets_zlib() -> None:
    assert type(codec_of(Settings(ImageFormat.CSO, target="of another version"))) is DeflateCodec


def test_without_the_package_emulators_get_zlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libdeflate, "VERSION", "")
    assert type(codec_of(Settings(ImageFormat.CSO, target="ppsspp"))) is DeflateCodec


@installed
def test_a_job_records_which_deflate_it_was() -> None:
    codec = codec_of(Settings(ImageFormat.CSO, target="ppsspp"))
    assert (codec.name, codec.version) == ("libdeflate plain", libdeflate.VERSION)

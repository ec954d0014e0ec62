"""The targets that load the CHD of a CD, by the codecs in its header (docs/formats.md, section 2)."""

from dataclasses import dataclass

import pytest

from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.findings import Finding
from discpress.engine.images.doctor.targets import target_findings
from discpress.engine.targets import TARGETS

CHDMAN_DEFAULT = ("cdlz", "cdzl", "cdfl")
WITH_ZSTD = ("cdlz", "cdzl", "cdfl", "cdzs")


@dataclass(frozen=True, slots=True)
class CdChd:
    """The header of a CHD of a CD."""

    codec_names: tuple[str, ...]
    format: ImageFormat = ImageFormat.CHD
    is_packed: bool = True
    version: int = 5
    block_size: int = 8 * 2448
    index_shift: int = 0
    size: int = 600 * 2352
    stored_bytes: int = 100_000


def findings(codecs: tuple[str, ...], target: str) -> list[Finding]:
    return list(target_findings(CdChd(codecs), TARGETS[target]))


@pytest.mark.parametrize("target", ["pcsx2", "armsx2", "lrps2", "neutrino", "play", "nethersx2", "ppsspp"])
def test_the_codecs_of_chdman_load_wherever_a_chd_loads(target: str) -> None:
    assert findings(CHDMAN_DEFAULT, target) == []


@pytest.mark.parametrize("target", ["pcsx2", "armsx2", "ppsspp"])
def test_zstandard_loads_in_programs_with_a_new_libchdr(target: str) -> None:
    assert findings(WITH_ZSTD, target) == []


@pytest.mark.parametrize("target", ["lrps2", "neutrino", "play", "nethersx2"])
def test_zstandard_does_not_load_in_programs_with_an_old_libchdr(target: str) -> None:
    (found,) = findings(WITH_ZSTD, target)
    assert found.code == "target-codec"
    assert found.message == (
        f"hunks by cdlz, cdzl, cdfl, cdzs cannot be loaded: {TARGETS[target].label} loads cdlz, cdzl, cdfl; "
        "run chdman copy -c cdlz,cdzl,cdfl"
    )


@pytest.mark.parametrize("target", ["opl", "opl+pcsx2", "ark", "psp-old"])
def test_no_console_loads_a_chd(target: str) -> None:
    (found,) = findings(CHDMAN_DEFAULT, target)
    assert found.code == "target-format"

"""Golden images with one thing wrong: what a full decode refuses, the doctor finds, and checksums let nothing through.

tests/bench/mutants.py does the same by hand, through all commands.
"""

from pathlib import Path
from random import Random

import nintendo_discs
import pytest
from mutated_images import fields_in, mutants
from packed_cds import GOLDEN_CDS
from sample_images import GOLDEN

from discpress.engine.convert.verify import digest_checked
from discpress.engine.errors import DamagedImageError, DiscpressError, VerifyError
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress

EACH = 8
"""Mutants of each image."""
CHECKED = [GOLDEN_CDS / "data.cdlz.chd", GOLDEN_CDS / "cooked.chd", GOLDEN / "psp.chdman-zlib.chd"]
UNCHECKED = [GOLDEN / "tail.ziso-py-shift2.zso", GOLDEN / "psp.maxcso-2048.v2.cso", GOLDEN / "psp.maxcso.dax"]
CHECKED += [nintendo_discs.GOLDEN / "gc.dolphin.gcz"]


def decoded(path: Path) -> str:
    """Return the digest of an image; empty if it is damaged."""
    with open_image(path) as image:
        return digest_checked(image, 1, Control(), Progress()).values["xxh3"]


@pytest.mark.parametrize("golden", [*CHECKED, *UNCHECKED], ids=lambda path: path.name)
def test_what_is_wrong_is_found_by_each_check(golden: Path, tmp_path: Path) -> None:
    whole = decoded(golden)
    changed = mutants(golden.read_bytes(), Random(golden.name))
    path = tmp_path / golden.name
    for mutant in (next(changed) for _ in range(EACH)):
        path.write_bytes(mutant.data)
        errors = [each for each in examine(path, deep=True) if each.level is Severity.ERROR]
        try:
            found = decoded(path)
        except (DamagedImageError, VerifyError):
            assert errors, mutant.what
        except DiscpressError:  # another format, or another version of it
            continue
        else:
            assert golden in UNCHECKED or found == whole or "raw_sha1" in mutant.field, mutant.what


@pytest.mark.parametrize("golden", [*CHECKED, *UNCHECKED], ids=lambda path: path.name)
def test_fields_are_within_the_file(golden: Path) -> None:
    data = golden.read_bytes()
    fields = sorted(fields_in(data), key=lambda field: field.offset)
    assert fields[0].offset == 0
    assert all(field.length > 0 and field.offset + field.length <= len(data) for field in fields)

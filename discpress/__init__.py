"""Disc images: open, identify, estimate, plan, convert and examine them.

    >>> import discpress
    >>> discpress.identify("Okami.iso").title
    'Okami'

Every function takes the path of an image or the path into an archive (`games.zip/Okami.iso`), and raises a
`discpress.engine.errors.DiscpressError`: its text is `path: problem`, its `hint` an imperative sentence.
Importing this module loads nothing of the engine; each function loads what it needs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discpress.engine.convert.conversion import Conversion
    from discpress.engine.convert.plan import ConversionPlan
    from discpress.engine.discs.info import DiscInfo
    from discpress.engine.images.doctor.findings import Finding
    from discpress.engine.images.image import Image
    from discpress.engine.measure.estimate import Estimate
    from discpress.engine.request import ConversionRequest

__all__ = ["convert", "estimate", "examine", "identify", "open_image", "plan"]

AnyPath = str | os.PathLike[str]


def open_image(path: AnyPath) -> Image:
    """Open an ISO, ZSO, CSO, DAX or CHD for random access to its decoded bytes.

        >>> with discpress.open_image("Okami.iso") as image:
        ...     image.read_at(16 * 2048, 6)
        b'\\x01CD001'

    The image is a context manager with `size` in decoded bytes, `read_at(offset, length)`, and `open_file()` for a
    seekable binary file. UnsupportedImageError for a format that is only recognised, DamagedImageError, StorageError.
    """
    from discpress.engine.images.open import open_image as open_any

    return open_any(Path(path))


def identify(path: AnyPath) -> DiscInfo:
    """Return which game is on a disc: system, serial, title, region, disc number, revision and tags.

        >>> disc = discpress.identify("Okami.iso")
        >>> disc.system.label, disc.serial, disc.region
        ('PS2', 'SLUS-21115', 'US')

    A handful of sectors is read, also from a packed image. The errors are those of `open_image`.
    """
    from discpress.engine.discs.reach import identify_image

    with open_image(path) as image:
        return identify_image(image)


def estimate(path: AnyPath, request: ConversionRequest | None = None, *, seed: int | None = None) -> Estimate:
    """Return the size that an image would have after a conversion, with a 95 % margin.

        >>> estimated = discpress.estimate("Okami.iso")
        >>> estimated.is_exact, estimated.ratio < 0.9
        (True, True)

    An image below 64 MiB is packed whole, of a larger one a sample of 16 MiB that starts at random (`seed`). Nothing
    is written. The errors are those of `plan`.
    """
    from random import Random

    from discpress.engine.convert.plan import plan_image
    from discpress.engine.measure.estimate import estimate as estimate_image
    from discpress.engine.request import ConversionRequest
    from discpress.engine.system.processors import available_processors

    with open_image(Path(path).absolute()) as image:
        decided = plan_image(image, request or ConversionRequest())
        view, threads = decided.view(image), available_processors()
        return estimate_image(view, decided.settings, random=Random(seed), threads=threads)


def plan(path: AnyPath, request: ConversionRequest | None = None, *, output: AnyPath | None = None) -> ConversionPlan:
    """Decide a conversion: format, settings and the name of the result. Nothing is written.

        >>> decided = discpress.plan("Okami.iso")
        >>> decided.output_path.name, decided.description
        ('Okami.zso', 'ZSO 2048, level 9')

    The request's `target` decides what it leaves open; without one the disc's system does. The result stands next to
    the source unless `output` names a file. SettingError for settings that the target does not load, UsageError for
    those that nobody writes, and the errors of `open_image`.
    """
    from discpress.engine.convert.plan import plan_conversion
    from discpress.engine.request import ConversionRequest

    return plan_conversion(
        Path(path).absolute(), None if output is None else Path(output), None, request or ConversionRequest()
    )


def convert(path: AnyPath, request: ConversionRequest | None = None, *, output: AnyPath | None = None) -> Conversion:
    """Convert an image, prove the result from the disk, and give it its name only then.

        >>> done = discpress.convert("Okami.iso")
        >>> done.is_verified, done.plan.output_path.name
        (True, 'Okami.zso')

    The source is kept unless the request has `trash_source`. On any error the source is as it was and no result has a
    final name: ConflictError when the name is taken, SpaceError, VerifyError, SourceChangedError, the errors of `plan`.
    """
    from discpress.engine.convert.conversion import convert as convert_planned
    from discpress.engine.convert.plan import plan_image
    from discpress.engine.convert.preflight import settle_output
    from discpress.engine.progress import Control, Progress
    from discpress.engine.request import ConversionRequest
    from discpress.engine.system.processors import available_processors

    output_path = None if output is None else Path(output)
    with open_image(Path(path).absolute()) as image:
        settled = settle_output(plan_image(image, request or ConversionRequest(), output_path))
        return convert_planned(
            settled, image=image, threads=available_processors(), control=Control(), progress=Progress()
        )


def examine(path: AnyPath, target: str | None = None, *, deep: bool = False) -> list[Finding]:
    """Return what is wrong with an image, and what `target` (`opl`, `pcsx2`, ...) would not load of it.

        >>> discpress.examine("Okami.iso", "opl")
        []

    The header, the whole index and a few blocks are checked; with `deep` every block is decoded. Whatever the file
    holds becomes a finding. StorageError when the system refuses to read it, UsageError for an unknown target.
    """
    from discpress.engine.errors import UsageError
    from discpress.engine.images.doctor.doctor import examine as examine_image
    from discpress.engine.targets import TARGETS

    if target is not None and target not in TARGETS:
        raise UsageError(f"expected a target from {', '.join(TARGETS)}, got {target}")
    return list(examine_image(Path(path), None if target is None else TARGETS[target], deep=deep))

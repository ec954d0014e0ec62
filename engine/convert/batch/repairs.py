"""Repairs: packed images that their target does not load, and the form in which it does."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from discpress.engine.convert.batch.left_out import LeftOut
from discpress.engine.convert.batch.model import Batch, Candidate, PlannedTitle, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.convert.batch.standing import standing_of
from discpress.engine.convert.choice import target_of
from discpress.engine.convert.request import NOTHING, merge_requests
from discpress.engine.errors import DamagedImageError, DiscpressError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.doctor import load_findings
from discpress.engine.images.doctor.findings import TARGET_PREFIX, Severity
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import encoder_of, written
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.store import Store
from discpress.engine.systems import system_from
from discpress.engine.targets import GENERAL, Target
from discpress.engine.targets.checks import wrong_system

_ADVICE = re.compile(r"[;:] convert (this|the file) .*", re.DOTALL)
"""The doctor's advice at the end of a message: a repair follows it."""
_ABOUT_BLOCKS = {"target-block-size", "target-doubt"}
"""Findings after which the blocks get the target's default size."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A rewrite that makes an image load."""

    reasons: tuple[str, ...]
    """The reasons why the target does not load the file, the first of each kind, as clauses."""
    request: ConversionRequest
    """The form of the result."""


def find_repair(image: Image, target: Target, check: Callable[[], None] = no_check) -> Repair | None:
    """Return the rewrite that makes `target` load an open image; None if it loads the image as it is.

    Header and index decide; the content is not decoded. `check` is called between the windows of the index, and may
    raise to stop. Raises DamagedImageError if the index is damaged, because then only the original helps.
    """
    if not image.is_packed or target.name in GENERAL:
        return None
    reasons: dict[str, str] = {}
    for finding in load_findings(image, target, check):
        if finding.is_damage:
            raise DamagedImageError(f"{image.name}: {finding.message}", hint="a repair needs an image without damage")
        if finding.code.startswith(TARGET_PREFIX) and finding.level is not Severity.NOTE:
            reasons.setdefault(finding.code, _ADVICE.sub("", finding.message))
    return Repair(tuple(reasons.values()), _form(image, target, reasons)) if reasons else None


def _form(image: Image, target: Target, codes: Collection[str]) -> ConversionRequest:
    """Return the form to write: the same format with other blocks if that loads, else the target's first format."""
    image_format = _format_for(image.format, target)
    encoder = encoder_of(image_format)
    keeps_blocks = image_format is image.format and _ABOUT_BLOCKS.isdisjoint(codes)
    keeps_blocks = keeps_blocks and encoder.is_block_size(image.block_size)
    return ConversionRequest(
        format=image_format,
        block_size=image.block_size if keeps_blocks else encoder.block_size_for(target),
        methods=encoder.methods_for(target),
        target=target.name,
    )


def _format_for(image_format: ImageFormat, target: Target) -> ImageFormat:
    loaded = [each for each in target.formats if each in written(packed_only=True)]
    return image_format if image_format in loaded else loaded[0]


def plan_repairs(
    candidates: Sequence[Candidate],
    options: ConversionRequest,
    defaults: ConversionRequest = NOTHING,
    store: Store | None = None,
    *,
    queued: Collection[Path] = (),
    check: Callable[[], None] = no_check,
) -> Batch:
    """Plan the rewrite of each title that its target does not load; the rest are left out, each with the reason.

    `options` name the target if the titles' own settings and the `defaults` are not to decide, and whether the old
    files go to the trash. A result of another format has its own suffix; one of the same format has the old name, which
    needs the trash. The image of each title is opened and its index read, so call it in a thread. `check` is called
    often and may raise to stop.
    """
    options = replace(options, format=None, block_size=None, methods=(), alignment=None, replaces_source=True)
    left_out: dict[int, PlannedTitle] = {}
    repairs: dict[int, Repair] = {}
    for each in candidates:
        check()
        request = merge_requests(options, each.request or each.title.overrides, defaults, each.title.system)
        try:
            repairs[id(each)] = _repair_of(each.title, request, check)
        except LeftOut as out:
            left_out[id(each)] = PlannedTitle(each.title, request, skip=out.skip, reason=str(out))
    wanted = [each for each in candidates if id(each) in repairs]
    named = [replace(each, request=repairs[id(each)].request, is_named=True) for each in wanted]
    batch = plan_batch(named, options, defaults, store, queued=queued, check=check)
    planned = {
        id(each): replace(row, repairs=repairs[id(each)].reasons) for each, row in zip(wanted, batch.rows, strict=True)
    }
    rows = tuple(planned.get(id(each)) or left_out[id(each)] for each in candidates)
    return Batch(rows, batch.spaces)


def _repair_of(title: Title, request: ConversionRequest, check: Callable[[], None]) -> Repair:
    """Return the repair of a title. Raises LeftOut with the reason if there is none."""
    for skip, reason in _reasons_against(title):
        raise LeftOut(skip, reason)
    try:
        target = target_of(title.system, request, title.format)
    except UsageError as error:
        raise LeftOut(Skip.SETTING, str(error)) from error
    if not target.plays(system_from(title.system)):
        raise LeftOut(Skip.WRONG_SYSTEM, wrong_system(target, title.system))
    try:
        with open_image(title.path) as image:
            found = find_repair(image, target, check)
    except DamagedImageError as error:
        raise LeftOut(Skip.DAMAGED, str(error)) from error
    except DiscpressError as error:
        raise LeftOut(Skip.UNREAD, str(error)) from error
    if found is None and title.tracks is not None and not title.is_packed:
        raise LeftOut(Skip.LOADS, "is not compressed, and only compressed images are repaired; convert it instead")
    if found is None and target.name in GENERAL:
        raise LeftOut(Skip.LOADS, "has no target that loads only some formats")
    if found is None:
        raise LeftOut(Skip.LOADS, f"{target.label} {target.does('load')} it as it is")
    return found


def _reasons_against(title: Title) -> Iterator[tuple[Skip, str]]:
    if title.fault is Fault.DAMAGED:
        yield Skip.DAMAGED, title.error or "is damaged"
    if title.error:
        yield Skip.UNREAD, title.error
    if title.is_archived:
        yield Skip.ARCHIVED, "is in an archive: convert it instead"
    if title.fault is not None:
        # Its result could not take its place, because the file of a wrong disc never goes to the trash.
        yield Skip(title.fault), standing_of(title, NOTHING).reason

"""The form of a title on a device: its own files if the loader loads them, else the format to convert them to."""

from dataclasses import dataclass

from discpress.engine.convert.batch.cds import cd_problem, why_not_made
from discpress.engine.convert.batch.standing import load_problem
from discpress.engine.convert.cd.needs import default_format
from discpress.engine.convert.choice import resolve_settings
from discpress.engine.deploy.records import DeviceFacts, LayoutRequest
from discpress.engine.errors import UsageError
from discpress.engine.formats import PLAIN_FORMAT, SHEETS, ImageFormat
from discpress.engine.images.registry import spec_of
from discpress.engine.images.spec import Kind
from discpress.engine.names import display_name, listed
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Fault, Title
from discpress.engine.systems import SYSTEMS, System
from discpress.engine.targets import GENERAL, Target
from discpress.engine.units import format_size

_TO_ISO = "convert it to an ISO first, with -d"


class Refused(Exception):  # noqa: N818 - no failure: most devices play few of a library's titles
    """A title that does not go to the device: the message is the reason, as a clause."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """Take the reason, and a way out in the imperative if there is one."""
        super().__init__(reason)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a title on a device."""

    format: ImageFormat
    """The format of its main file there."""
    target: Target
    """The target that loads it."""
    is_converted: bool
    """Whether it is converted on the way; else its files are copied as they are."""

    @property
    def suffix(self) -> str:
        """The suffix of its main file."""
        return spec_of(self.format).suffix


def form_for(
    title: Title,
    target: Target,
    device: DeviceFacts,
    request: LayoutRequest,
    *,
    unlisted: frozenset[ImageFormat] = frozenset(),
    can_cut: bool = False,
) -> Form:
    """Return the form of a title for a target. Refused with the reason if it has none.

    `unlisted` are formats that the target loads and the menu before it does not show. `can_cut` is whether a file that
    is too large for the device becomes several.
    """
    check_read(title)
    check_played(title, target)
    if request.format is not None:
        return _wanted(title, target, device, request.format, unlisted)
    image_format = title.format
    assert image_format is not None
    if _is_loaded(title, target, unlisted) and not _must_be_written(title):
        if can_cut or not _is_too_large(largest_bytes(title), device):
            return Form(image_format, target, is_converted=False)
        return _smaller(title, target, device, unlisted)
    fits = not _is_too_large(title.original_bytes, device)
    is_plain = image_format is PLAIN_FORMAT or _is_unpackable(title, _default(title, target, unlisted))
    if is_plain and fits and not _has_tracks(title):
        return _converted(title, target, device, PLAIN_FORMAT)
    return _converted(title, target, device, _default(title, target, unlisted))


def check_read(title: Title) -> None:
    """Raise Refused for a title that cannot be read; one that is not whole has a place, if the user insists."""
    fault = title.known_fault
    if fault is Fault.SPLIT_PART:
        raise Refused("other files of it are missing")
    if fault is Fault.UNREAD:
        raise Refused(title.error or "it could not be read")
    if title.error and (title.format is None or title.is_archived):
        raise Refused(title.error)
    if fault is Fault.OTHER or title.format is None:
        raise Refused("discpress does not read its format", "use --as folder, which copies any file")


def check_played(title: Title, target: Target) -> None:
    """Raise Refused unless a target plays the discs of a title's system."""
    if not target.systems or title.system in target.systems:
        return
    played = listed([each.label for each in System if each in target.systems], "and")
    is_known = title.system not in {System.UNKNOWN, System.ISO9660, System.UDF}
    disc = f"a disc for {SYSTEMS[title.system].label}" if is_known else "a disc of no known console"
    raise Refused(f"{target.label} {target.verb} {played} discs only, and this is {disc}")


def largest_bytes(title: Title) -> int:
    """Return the bytes of the largest file of a title."""
    others = [each.size_bytes for each in title.others]
    return max((title.file_bytes - sum(others), *others))


def _is_loaded(title: Title, target: Target, unlisted: frozenset[ImageFormat]) -> bool:
    """Return whether a target loads the files of a title as they are, and the menu before it lists them."""
    image_format = title.format
    if image_format is None or image_format in unlisted:
        return False
    if image_format is PLAIN_FORMAT:
        return True
    if image_format in SHEETS:
        return target.plays_tracks or target.name in GENERAL
    return image_format in target.formats and not load_problem(title, target)


def _must_be_written(title: Title) -> bool:
    """Return whether a title has no files that could be copied: it is in an archive, or cut into parts."""
    assert title.format is not None
    is_sheet = spec_of(title.format).kind is Kind.SHEET
    return title.is_archived or (bool(title.others) and not is_sheet and not is_split_wbfs(title))


def is_split_wbfs(title: Title) -> bool:
    """Return whether a title is a WBFS in parts, which loaders of Wii games read as they are."""
    return title.format is ImageFormat.WBFS and bool(title.others) and not title.is_archived


def _has_tracks(title: Title) -> bool:
    return title.tracks is not None and not title.tracks.is_iso


def _is_too_large(size_bytes: int, device: DeviceFacts) -> bool:
    return device.max_file_bytes is not None and size_bytes > device.max_file_bytes


def _is_unpackable(title: Title, image_format: ImageFormat) -> bool:
    """Return whether a format is packed from files only (nod-rs), and the title is none."""
    encoder = spec_of(image_format).encoder
    return encoder is not None and bool(encoder.systems) and (title.is_archived or bool(title.others))


def _default(title: Title, target: Target, unlisted: frozenset[ImageFormat]) -> ImageFormat:
    """Return the format that a title is converted to if nobody asks for one."""
    best = default_format(target, title.tracks, title.system)
    return next(
        (each for each in (best, *target.formats) if each in target.formats and each not in unlisted), PLAIN_FORMAT
    )


def _smaller(title: Title, target: Target, device: DeviceFacts, unlisted: frozenset[ImageFormat]) -> Form:
    """Return the form of a title whose own file is too large for the device."""
    image_format = _default(title, target, unlisted)
    if title.is_packed or image_format in {title.format, PLAIN_FORMAT}:
        refuse_too_large(largest_bytes(title), device)
    return _converted(title, target, device, image_format)


def refuse_too_large(size_bytes: int, device: DeviceFacts) -> None:
    """Raise Refused for a file that the file system of a device cannot hold."""
    if _is_too_large(size_bytes, device):
        raise Refused(
            f"its file of {format_size(size_bytes)} is too large for the file system of the device",
            "format the device as exFAT",
        )


def _wanted(
    title: Title, target: Target, device: DeviceFacts, image_format: ImageFormat, unlisted: frozenset[ImageFormat]
) -> Form:
    """Return the form that the user asked for."""
    if image_format in unlisted:
        raise Refused(f"the menu of the device does not list {spec_of(image_format).label} files")
    is_there = image_format is title.format and _is_loaded(title, target, unlisted) and not _must_be_written(title)
    if not is_there:
        return _converted(title, target, device, image_format)
    refuse_too_large(largest_bytes(title), device)
    return Form(image_format, target, is_converted=False)


def _converted(title: Title, target: Target, device: DeviceFacts, image_format: ImageFormat) -> Form:
    if _is_unpackable(title, image_format):
        place = "in an archive" if title.is_archived else "in parts"
        raise Refused(f"{spec_of(image_format).label} is made from whole files, and this image is {place}", _TO_ISO)
    name = display_name(title.path.name)
    request = ConversionRequest(format=image_format, target=target.name)
    try:
        choice = resolve_settings(name, title.original_bytes, title.system, request, tracks=title.tracks)
    except UsageError as error:
        raise Refused(str(error).removeprefix(f"{name}: "), error.hint) from error
    made = choice.settings.format
    problem = why_not_made(title, made)
    if not problem and title.tracks is not None:
        problem = cd_problem(title, target, made)
    if problem:
        raise Refused(problem)
    estimate = title.estimate
    if made is PLAIN_FORMAT:
        refuse_too_large(title.original_bytes, device)
    elif estimate is not None and estimate.settings.format is made and made is not ImageFormat.WBFS:
        refuse_too_large(estimate.low_bytes, device)
    return Form(made, target, is_converted=True)

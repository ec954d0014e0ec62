"""Choice of the settings for one image, by request, size and system; needs no file."""

from dataclasses import dataclass

from discpress.engine.codecs.registry import WRITTEN_METHODS, highest_level
from discpress.engine.convert.request import ConversionRequest
from discpress.engine.errors import SettingError, UsageError
from discpress.engine.formats import DEFAULT_LEVEL, ImageFormat, Method, Settings, form_name, in_order
from discpress.engine.images.chd.header import MAX_HUNKS, least_hunk_size
from discpress.engine.images.layout import check_size
from discpress.engine.images.zso_cso.header import smallest_shift
from discpress.engine.names import display_name
from discpress.engine.targets import AUTO, TARGETS, Target, check_settings, system_warning, target_for
from discpress.engine.units import format_size


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings for one image, decided and checked against its target."""

    target: Target
    """The target that will play it."""
    settings: Settings
    """The form of the output."""
    index_shift: int
    """Offsets in the output's index count steps of 1 << index_shift bytes; 0 for an ISO."""
    notices: tuple[str, ...]
    """Warnings for the user before the conversion."""


def choose_settings(
    name: str,
    original_bytes: int,
    system: str,
    system_label: str,
    request: ConversionRequest,
    suffix_format: ImageFormat | None = None,
) -> Choice:
    """Choose the settings for an image of `original_bytes` decoded bytes; messages call it `name`.

    `system` (`ps2`) decides the target if the request does not, `system_label` (`PS2`) is for messages, `suffix_format`
    is the format that the output's name promises. Raises SettingError if the target does not load the requested
    settings, UsageError if they cannot be written at all.
    """
    target = _target(system, request, request.format or suffix_format)
    image_format = request.format or suffix_format or target.default_format
    notices = []
    if suffix_format is not None and suffix_format is not image_format:
        notices.append(f"the output's name ends in .{suffix_format}, but its content is {image_format.upper()}")
    if image_format is ImageFormat.ISO:
        return Choice(target, Settings(image_format, target=target.name), 0, tuple(notices))
    settings, shift = _packed_settings(name, original_bytes, image_format, target, request, notices)
    notices += check_settings(settings, target, original_bytes, shift, name, system)
    warning = system_warning(target, system, f"a disc for {system_label}")
    if warning:
        notices.append(warning)
    elif system == "ps1":
        form = settings.format.upper()
        notices.append(f"a PS1 disc: no PS1 emulator known here loads {form}; they load the CHD of a CD, by chdman")
    return Choice(target, settings, shift, tuple(notices))


def default_settings(
    target: Target,
    level: int,
    image_format: ImageFormat | None = None,
    methods: tuple[Method, ...] = (),
    block_size: int | None = None,
) -> Settings:
    """Return the settings for a target; None or empty arguments become the target's defaults."""
    image_format = image_format or target.default_format
    if image_format is ImageFormat.ISO:
        return Settings(image_format, target=target.name)
    methods = (methods or (target.default_method,)) if image_format is ImageFormat.CHD else ()
    level = min(level, highest_level(image_format, methods))
    return Settings(image_format, block_size or target.default_block_size(image_format), level, methods=methods)


def _target(system: str, request: ConversionRequest, image_format: ImageFormat | None) -> Target:
    if request.target is None or request.target == AUTO:
        return target_for(system, image_format)
    if request.target not in TARGETS:  # stored for a title by another version
        raise UsageError(f"target: expected one of {', '.join((AUTO, *TARGETS))}, got {display_name(request.target)}")
    return TARGETS[request.target]


def _packed_settings(
    name: str,
    original_bytes: int,
    image_format: ImageFormat,
    target: Target,
    request: ConversionRequest,
    notices: list[str],
) -> tuple[Settings, int]:
    if image_format not in WRITTEN_METHODS:
        raise UsageError(f"{image_format.upper()} cannot be written: use zso, cso, chd or iso")
    block_size = request.block_size or target.default_block_size(image_format)
    methods: tuple[Method, ...] = ()
    if image_format is ImageFormat.CHD:
        methods = in_order(request.methods) or (target.default_method,)
    level, highest = request.level or DEFAULT_LEVEL, highest_level(image_format, methods)
    if level > highest:
        notices.append(f"level {level} is lowered to {highest}, the highest of {form_name(image_format, methods)}")
        level = highest
    check_size(name, original_bytes, image_format, block_size)
    if image_format is ImageFormat.CHD:
        _check_hunks(name, original_bytes, block_size)
        if request.alignment is not None:
            notices.append(f"alignment {request.alignment} is ignored: the hunks of a CHD have none")
        return Settings(image_format, block_size, level, None, target.name, methods), 0
    shift = smallest_shift(original_bytes, block_size)
    if request.alignment is not None:
        if request.alignment < 1 << shift:
            raise SettingError(
                f"{name}: alignment {request.alignment} is too small for {original_bytes} bytes",
                hint=f"use --align {1 << shift}, the smallest that reaches the end of the file",
            )
        if request.alignment > block_size:
            raise SettingError(
                f"{name}: alignment {request.alignment} is larger than a block of {block_size}: nothing would shrink",
                hint=f"use at most --align {block_size}",
            )
        shift = request.alignment.bit_length() - 1
    return Settings(image_format, block_size, level, request.alignment, target.name), shift


def _check_hunks(name: str, original_bytes: int, hunk_size: int) -> None:
    least = least_hunk_size(original_bytes)
    if hunk_size < least:
        raise SettingError(
            f"{name}: {format_size(original_bytes)} in hunks of {hunk_size} exceeds the limit of {MAX_HUNKS} hunks",
            hint=f"use -b {least} or more",
        )

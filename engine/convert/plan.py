"""From what a user wishes to what will be done: format, settings, output name, space; nothing is written here."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.codecs.blocks import align_up
from engine.codecs.registry import WRITTEN_METHODS, codec_for
from engine.discs.identity import Identity, identify
from engine.errors import SettingError, UsageError
from engine.formats import DEFAULT_BLOCK_SIZE, DEFAULT_LEVEL, SECTOR_SIZE, ImageFormat, Settings
from engine.images.content import content_findings
from engine.images.index import Header, smallest_shift
from engine.images.opening import open_image
from engine.images.reader import Image
from engine.images.source import FileSource
from engine.names import display_name
from engine.system.files import FileIdentity
from engine.targets import AUTO, TARGETS, Target, check_settings, system_warning, target_for

_ZSO_VERSION = 1
_CSO_VERSION = 1


class OnConflict(StrEnum):
    """What to do when the output's name is taken."""

    ERROR = "error"
    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for; None leaves the choice to the target."""

    format: ImageFormat | None = None
    """The container to write."""
    block_size: int | None = None
    """Bytes of a block."""
    level: int | None = None
    """Effort; taken as the codec's highest where it is above that."""
    alignment: int | None = None
    """Bytes every block starts at a multiple of; a power of two."""
    target: str | None = None
    """Name of the target; None and `auto` go by the disc's system."""
    on_conflict: OnConflict = OnConflict.ERROR
    """What to do when the output exists."""
    digests: tuple[str, ...] = ()
    """Digests beyond crc32 and XXH3-128: md5, sha1, sha256."""
    verify: bool = True
    """Whether the result is read back and proven."""
    trash_source: bool = False
    """Whether the source goes to the trash once the result is published."""
    skip_useless: bool = False
    """Whether a title that an estimate advises against is left as it is."""
    strict_space: bool = False
    """Whether the worst case must fit on the disk, not only the estimate."""


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """One conversion, decided."""

    source_path: Path
    """The image that is read."""
    source_identity: FileIdentity
    """The source's identity when it was planned."""
    source_format: ImageFormat
    """What it is."""
    original_bytes: int
    """Its decoded size."""
    identity: Identity
    """Which game it is."""
    output_path: Path
    """The file that is written."""
    makes_folder: bool
    """Whether its folder is made when it does not exist."""
    settings: Settings
    """How it is written."""
    index_shift: int
    """Offsets in the output's index count steps of 1 << index_shift bytes."""
    wish: Wish
    """What was asked for."""
    notices: tuple[str, ...]
    """What the user should know before it starts."""

    @property
    def header(self) -> Header:
        """The header of the packed output."""
        version = _ZSO_VERSION if self.settings.format is ImageFormat.ZSO else _CSO_VERSION
        return Header(self.settings.format, self.original_bytes, self.settings.block_size, version, self.index_shift)

    @property
    def description(self) -> str:
        """How it is written, in words: `ZSO 2048, level 9`."""
        settings = self.settings
        if settings.format is ImageFormat.ISO:
            return "ISO"
        return f"{settings.format.upper()} {settings.block_size}, level {settings.level}"

    @property
    def worst_bytes(self) -> int:
        """Size of the output when nothing shrinks."""
        if self.settings.format is ImageFormat.ISO:
            return self.original_bytes
        header = self.header
        return align_up(align_up(header.data_offset, header.alignment) + header.blocks * header.block_size, SECTOR_SIZE)


def plan_conversion(
    source_path: Path, output_path: Path | None, output_folder: Path | None, wish: Wish
) -> ConversionPlan:
    """Decide a conversion by looking at the source.

    The output is `output_path`, or the source's name with the format's suffix in `output_folder` or beside it.
    UsageError and SettingError say which option is wrong, the errors of `open_image` what is wrong with the source.
    """
    if wish.trash_source and not wish.verify:
        raise UsageError("an original is only moved once its replacement is proven: verification is needed")
    if wish.trash_source and source_path.is_symlink():
        raise UsageError(
            f"{display_name(source_path)}: is a link: --delete-source moves files, never links or what they lead to",
            hint="name the file itself, or leave --delete-source out",
        )
    with open_image(source_path) as image:
        assert isinstance(image.source, FileSource)
        before = image.source.identity()
        identity = identify(image, source_path.name)
        notices = [finding.message for finding in content_findings(image)]
        return _decide(image, before, identity, output_path, output_folder, wish, notices)


def _decide(
    image: Image,
    source_identity: FileIdentity,
    identity: Identity,
    output_path: Path | None,
    output_folder: Path | None,
    wish: Wish,
    notices: list[str],
) -> ConversionPlan:
    target = target_for(identity.system) if wish.target is None or wish.target == AUTO else TARGETS[wish.target]
    suffix_format = _format_of_suffix(output_path)
    image_format = wish.format or suffix_format or target.default_format
    if suffix_format is not None and suffix_format is not image_format:
        notices.append(f"the output's name ends in .{suffix_format}, its content is {image_format.upper()}")
    shift = 0
    settings = Settings(image_format, target=target.name)
    if image_format is not ImageFormat.ISO:
        settings, shift = _packed_settings(image, image_format, target, wish, notices)
        notices += check_settings(settings, target, image.size, shift, image.name)
        warning = system_warning(target, identity.system, f"a disc for {identity.system.label}")
        if warning:
            notices.append(warning)
    makes_folder = output_path is None and output_folder is not None
    if output_path is None:
        output_path = (output_folder or image.path.parent) / f"{image.path.stem}.{image_format}"
    return ConversionPlan(
        image.path,
        source_identity,
        image.format,
        image.size,
        identity,
        output_path,
        makes_folder,
        settings,
        shift,
        wish,
        tuple(notices),
    )


def _format_of_suffix(output_path: Path | None) -> ImageFormat | None:
    suffix = output_path.suffix.lower().lstrip(".") if output_path else ""
    written = (ImageFormat.ISO, *WRITTEN_METHODS)
    return next((each for each in written if each == suffix), None)


def _packed_settings(
    image: Image, image_format: ImageFormat, target: Target, wish: Wish, notices: list[str]
) -> tuple[Settings, int]:
    if image_format not in WRITTEN_METHODS:
        raise UsageError(f"{image_format.upper()} cannot be written: zso, cso or iso is allowed")
    block_size = wish.block_size or DEFAULT_BLOCK_SIZE
    codec = codec_for(image_format)
    level = wish.level or DEFAULT_LEVEL
    if level > codec.max_level:
        notices.append(f"level {level} is taken as {codec.max_level}, the highest of {image_format.upper()}")
        level = codec.max_level
    shift = smallest_shift(image.size, block_size)
    if wish.alignment is not None:
        if wish.alignment < 1 << shift:
            raise SettingError(
                f"{image.name}: alignment {wish.alignment} is too small for {image.size} bytes",
                hint=f"the smallest that reaches the end of the file is --align {1 << shift}",
            )
        if wish.alignment > block_size:
            raise SettingError(
                f"{image.name}: alignment {wish.alignment} is more than a block of {block_size}: nothing would shrink",
                hint=f"at most --align {block_size} makes sense",
            )
        shift = wish.alignment.bit_length() - 1
    return Settings(image_format, block_size, level, wish.alignment, target.name), shift

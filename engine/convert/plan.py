"""From what a user wishes to what will be done: format, settings, output name, space; nothing is written here."""

from dataclasses import dataclass
from pathlib import Path

from discpress.engine.codecs.registry import WRITTEN_METHODS
from discpress.engine.convert.choice import choose_settings
from discpress.engine.convert.part.name import is_reserved
from discpress.engine.convert.request import ConversionRequest, OnConflict
from discpress.engine.discs.identity import Identity
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.archives.contents import REACH_BYTES, archive_worth
from discpress.engine.images.archives.model import MemberSource, held_file, holder
from discpress.engine.images.doctor.content import content_findings
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Layout, layout_of
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.system.files import FileIdentity, holder_of
from discpress.engine.units import format_size

__all__ = ["ConversionPlan", "ConversionRequest", "OnConflict", "plan_conversion"]


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """One conversion, decided."""

    source_path: Path
    """The image that is read; in an archive, the path below it that names the image."""
    source_file_path: Path
    """The file that it is read from: itself, or the archive it lies in."""
    source_identity: FileIdentity
    """The identity of that file when it was planned."""
    source_bytes: int
    """Bytes that the image takes there: the file's size, or its share of the archive."""
    member: int
    """Which file of the archive it is, from 1; 0 for a file of its own."""
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
    request: ConversionRequest
    """What was asked for."""
    notices: tuple[str, ...]
    """What the user should know before it starts."""

    @property
    def layout(self) -> Layout:
        """The form of the packed output; there is none for an ISO."""
        return layout_of(self.settings, self.original_bytes, self.index_shift)

    @property
    def description(self) -> str:
        """How it is written, in words: `ZSO 2048, level 9`."""
        settings = self.settings
        if settings.format is ImageFormat.ISO:
            return "ISO"
        return f"{settings.form} {settings.block_size}, level {settings.level}"

    @property
    def trashes_source(self) -> bool:
        """Whether the source goes to the trash once the result is published.

        Not where it holds no known disc, whatever is wished for: a proof of any bytes is no proof of a disc (Safety
        rule 5).
        """
        return self.request.trash_source and self.identity.has_disc

    @property
    def worst_bytes(self) -> int:
        """Size of the output when nothing shrinks."""
        if self.settings.format is ImageFormat.ISO:
            return self.original_bytes
        return self.layout.worst_bytes


def plan_conversion(
    source_path: Path, output_path: Path | None, output_folder: Path | None, request: ConversionRequest
) -> ConversionPlan:
    """Decide a conversion by looking at the source.

    The output is `output_path`, or the source's name with the format's suffix in `output_folder` or beside it. The
    original of an image that holds no known disc stays where it is, whatever is wished for; a notice says so.
    UsageError and SettingError say which option is wrong, the errors of `open_image` what is wrong with the source.
    """
    if request.trash_source and not request.verify:
        raise UsageError("an original is only moved once its replacement is proven: verification is needed")
    if request.trash_source and holder_of(source_path).is_symlink():
        raise UsageError(
            f"{display_name(source_path)}: is a link: --delete-source moves files, never links or what they lead to",
            hint="name the file itself, or leave --delete-source out",
        )
    with open_image(source_path) as image:
        before = held_file(image.source).identity()
        if request.trash_source and (why := archive_worth(image.source)):
            raise UsageError(
                f"{image.name}: its archive stays where it is: {why}",
                hint="leave --delete-source out, and remove the archive yourself when nothing in it is needed",
            )
        identity = identify_image(image)
        notices = [*_far_notices(image), *(finding.message for finding in content_findings(image))]
        if request.trash_source and not identity.has_disc:
            notices.append("the original stays where it is: only an image of a known disc is moved to the trash")
        return _decide(image, before, identity, output_path, output_folder, request, notices)


def _far_notices(image: Image) -> list[str]:
    way_bytes = image.source.way_bytes if isinstance(image.source, MemberSource) else 0
    if way_bytes <= REACH_BYTES:
        return []
    size = format_size(way_bytes)
    return [f"it lies behind {size} of other files that are unpacked each time: unpacking the archive first is faster"]


def _decide(
    image: Image,
    source_identity: FileIdentity,
    identity: Identity,
    output_path: Path | None,
    output_folder: Path | None,
    request: ConversionRequest,
    notices: list[str],
) -> ConversionPlan:
    system = identity.system
    choice = choose_settings(image.name, image.size, system, system.label, request, _format_of_suffix(output_path))
    file_path = holder(image.source).path
    makes_folder = output_path is None and output_folder is not None
    if output_path is None:
        output_path = (output_folder or file_path.parent) / f"{image.path.stem}.{choice.settings.format}"
    if is_reserved(output_path.name):
        raise UsageError(
            f"{display_name(output_path)}: names with this ending are for unfinished results",
            hint="choose another name with -o",
        )
    return ConversionPlan(
        image.path,
        file_path,
        source_identity,
        image.file_bytes,
        image.source.member.number if isinstance(image.source, MemberSource) else 0,
        image.format,
        image.size,
        identity,
        output_path,
        makes_folder,
        choice.settings,
        choice.index_shift,
        request,
        (*notices, *choice.notices),
    )


def _format_of_suffix(output_path: Path | None) -> ImageFormat | None:
    suffix = output_path.suffix.lower().lstrip(".") if output_path else ""
    written = (ImageFormat.ISO, *WRITTEN_METHODS)
    return next((each for each in written if each == suffix), None)

"""The form of results for CDs: the files of the tracks with a sheet, as opposed to one file with the user data."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from discpress.engine.convert.cd.cut import is_exact
from discpress.engine.convert.cd.file_set import FileSet, unstated
from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import SettingError, UnsupportedImageError, UsageError
from discpress.engine.formats import CD_SHEET, GD_SHEET, PLAIN_FORMAT, SHEETS, TRACKS_FORMAT, ImageFormat, Settings
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.sheets.sheet import Sheet
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.doctor.cd_content import cd_cut_short, disc_findings, no_sheet_findings
from discpress.engine.images.doctor.content import cut_short
from discpress.engine.images.image import Image
from discpress.engine.images.sets.sheet_sets import SheetsBeside
from discpress.engine.names import display_name, listed
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.systems import System
from discpress.engine.units import format_size


def kept_for_sheet(image: Image) -> str:
    """Return the warning that an original stays because a sheet that stays behind names one of its files, or nothing.

    The title of such files is that of the other sheet, or has files that this one lacks.
    """
    if not _is_of_sheet(image) or image.source.member_number:
        return ""
    return kept_beside(SheetsBeside(image.path.parent), {file.path.name for file in image.source.files})


def kept_beside(sheets: SheetsBeside, files: Collection[str]) -> str:
    """Return the same warning about files of one title, by the sheets of their folder."""
    other = sheets.find(files)
    return f"the original stays where it is: {display_name(other)} names a file of it as well" if other else ""


def _is_of_sheet(image: Image) -> bool:
    if not isinstance(image, CdImage):
        return False
    from discpress.engine.images.cd.sheet_image import SheetImage  # noqa: PLC0415 - for CDs only

    return isinstance(image, SheetImage)


def form_of_title(title: Title, request: ConversionRequest) -> ConversionRequest:
    """Return a request with the expected form of a title's result, for its name; the conversion itself decides again.

    Only an open image has tracks.
    """
    tracks = title.tracks
    if not request.unpacks or tracks is None or tracks.is_iso:
        return request
    is_gdi = title.system is System.DREAMCAST and not request.one_bin
    return replace(request, format=GD_SHEET if is_gdi else CD_SHEET)


def form_of_image(image: Image, request: ConversionRequest, suffix_format: ImageFormat | None) -> ConversionRequest:
    """Return a request with the form of an open image's result; `suffix_format` is what the result's name promises.

    Raises SettingError if a disc has no tracks for a sheet.
    """
    if isinstance(image, CdImage):
        return _form_of_cd(image, request, suffix_format)
    if request.unpacks:
        return replace(request, format=PLAIN_FORMAT)
    if (request.format or suffix_format) in SHEETS:
        raise SettingError(
            f"{image.name}: has no tracks of a CD, so no sheet can describe it", hint="use -d for the plain image"
        )
    return request


def _form_of_cd(image: CdImage, request: ConversionRequest, suffix_format: ImageFormat | None) -> ConversionRequest:
    promised = suffix_format if suffix_format in SHEETS or suffix_format is PLAIN_FORMAT else None
    if request.unpacks:
        is_gdi = image.is_gd_rom and not request.one_bin and not _keeps_cue(image)
        plain = PLAIN_FORMAT if is_exact(image) else GD_SHEET if is_gdi else CD_SHEET
        return replace(request, format=promised or plain)
    return request if promised is None or request.format else replace(request, format=promised)


def _keeps_cue(image: CdImage) -> bool:
    from discpress.engine.images.cd.kept.reading import kept_in  # noqa: PLC0415 - for CDs only

    kept = kept_in(image).files
    return kept is not None and kept.sheet.name.lower().endswith(f".{CD_SHEET}")


def tracks_for(image: Image, settings: Settings, output_path: Path, *, has_own_name: bool = False) -> tuple[Track, ...]:
    """Return the tracks that become files of their own; none for a single file.

    A sheet that has its own name may be of any kind.

    Raises UsageError for the name, UnsupportedImageError for a dump whose tracks nothing describes.
    """
    if settings.format not in SHEETS or not isinstance(image, CdImage):
        return ()
    from discpress.engine.images.cd.raw_image import RawImage  # noqa: PLC0415 - for CDs only

    for finding in no_sheet_findings(image) if isinstance(image, RawImage) else ():
        raise UnsupportedImageError(f"{image.name}: {finding.message}", hint="name the sheet in place of the dump")
    suffix = f".{settings.format}"
    if output_path.suffix.lower() != suffix and not has_own_name:
        raise UsageError(
            f"{display_name(output_path)}: this is the name of a sheet, which must end in {suffix}",
            hint=f"name the sheet with -o NAME{suffix}, or choose a folder with -O",
        )
    return image.tracks


def content_problems(image: Image, disc: DiscInfo) -> tuple[list[str], str]:
    """Return the unusual properties of what is packed, and why it is no whole disc; empty if nothing shows that.

    Raises DamagedImageError if a descriptor cannot be read.
    """
    incomplete = cd_cut_short(image) if isinstance(image, CdImage) else cut_short(image)
    return [finding.message for finding in disc_findings(image, has_disc=disc.has_disc)], incomplete


def losses_of(image: Image, files: FileSet, image_format: ImageFormat, *, are_kept: bool = False) -> list[str]:
    """Return what a sheet and its files do not keep of a disc, as clauses for warnings. Raises SettingError.

    `are_kept` is whether they are the files that the disc was in before.
    """
    if not isinstance(image, CdImage):
        return []
    notices = [] if are_kept else unstated(files, image.tracks, image_format)
    if image.left_out_bytes:
        notices.append(f"{format_size(image.left_out_bytes)} next to its sectors, such as subcode, are in no file")
    has_audio = any(track.kind is TrackKind.AUDIO for track in image.tracks)
    if image_format is CD_SHEET and image.format is TRACKS_FORMAT and has_audio and not are_kept:
        notices.append("a CHD has no FLAGS, ISRC, CATALOG and indexes above 01, so the sheet has none either")
    from discpress.engine.images.cd.sheet_image import SheetImage  # noqa: PLC0415 - for CDs only

    if isinstance(image, SheetImage) and (kept := details_of(image.sheet)):
        notices.append(f"the new sheet does not keep {listed(kept, 'and')}")
    return notices


def details_of(sheet: Sheet) -> list[str]:
    """Return the commands of a sheet that a track does not contain."""
    found = {
        "CATALOG": bool(sheet.catalog),
        "FLAGS": any(track.flags for track in sheet.tracks),
        "ISRC": any(track.isrc for track in sheet.tracks),
        "indexes above 01": any(track.indexes for track in sheet.tracks),
    }
    return [name for name, is_there in found.items() if is_there]

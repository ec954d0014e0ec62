"""The form of results for CDs: the files of the tracks with a sheet, as opposed to one file with the user data."""

from dataclasses import replace
from pathlib import Path

from discpress.engine.errors import SettingError, UnsupportedImageError, UsageError
from discpress.engine.formats import SHEETS, ImageFormat, Settings
from discpress.engine.images.cd.file_set import unstated
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.image import Image
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.systems import System

_CD_FORMATS = {ImageFormat.RAW_CD, ImageFormat.CUE, ImageFormat.GDI, ImageFormat.CCD, ImageFormat.MDS}
_CD_CODEC = "cd"
"""The names of all codecs for hunks of CDs begin so: `cdlz`."""


def form_of_title(title: Title, request: ConversionRequest) -> ConversionRequest:
    """Return a request with the expected form of a title's result, for its name; the conversion itself decides again.

    Only an open image has tracks.
    """
    if not request.unpacks or not _is_cd(title):
        return request
    is_gdi = title.system is System.DREAMCAST and not request.one_bin
    return replace(request, format=ImageFormat.GDI if is_gdi else ImageFormat.CUE)


def _is_cd(title: Title) -> bool:
    return title.format in _CD_FORMATS or any(name.startswith(_CD_CODEC) for name in title.codecs)


def form_of_image(image: Image, request: ConversionRequest, suffix_format: ImageFormat | None) -> ConversionRequest:
    """Return a request with the form of an open image's result; `suffix_format` is what the result's name promises.

    Raises SettingError if a disc has no tracks for a sheet, UnsupportedImageError if a CD cannot have the form.
    """
    if isinstance(image, CdImage):
        return _form_of_cd(image, request, suffix_format)
    if request.unpacks:
        return replace(request, format=ImageFormat.ISO)
    if (request.format or suffix_format) in SHEETS:
        raise SettingError(
            f"{image.name}: has no tracks of a CD, so no sheet can describe it", hint="use -d for the plain image"
        )
    return request


def _form_of_cd(image: CdImage, request: ConversionRequest, suffix_format: ImageFormat | None) -> ConversionRequest:
    if request.unpacks:
        is_gdi = image.is_gd_rom and not request.one_bin
        promised = suffix_format if suffix_format in SHEETS else None
        return replace(request, format=promised or (ImageFormat.GDI if is_gdi else ImageFormat.CUE))
    image_format = request.format or suffix_format
    if image_format in SHEETS:
        return replace(request, format=image_format)
    tracks = f"{len(image.tracks)} track{'s' if len(image.tracks) > 1 else ''}"
    wanted = "a file without tracks" if image_format is None else f"{image_format.upper()}, which has no tracks"
    raise UnsupportedImageError(
        f"{image.name}: is a CD of {tracks}: it cannot become {wanted}",
        hint="use -d for its tracks and a sheet that names them",
    )


def tracks_for(image: Image, settings: Settings, output_path: Path) -> tuple[tuple[Track, ...], list[str]]:
    """Return the tracks that become files of their own, and warnings about them. Raises UsageError for the name."""
    if settings.format not in SHEETS or not isinstance(image, CdImage):
        return (), []
    suffix = f".{settings.format}"
    if output_path.suffix.lower() != suffix:
        raise UsageError(
            f"{display_name(output_path)}: this is the name of a sheet, which must end in {suffix}",
            hint=f"name the sheet with -o NAME{suffix}, or choose a folder with -O",
        )
    return image.tracks, unstated(image.tracks, settings.format)

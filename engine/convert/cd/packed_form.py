"""Decides what of an image is packed: all of it, the user data of a CD, or its tracks as a CHD contains them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.convert.cd.cut import check_cut, cut, is_exact
from discpress.engine.convert.cd.form import kept_for_sheet
from discpress.engine.convert.choice import ChosenSettings
from discpress.engine.convert.digests import DigestSet
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import SHEETS, TRACKS_FORMAT, ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.image import Image
from discpress.engine.request import ConversionRequest
from discpress.engine.units import format_size

if TYPE_CHECKING:
    from discpress.engine.convert.cd.kept_set import KeptSet
    from discpress.engine.images.chd.metadata import NewEntry


@dataclass(frozen=True, slots=True)
class PackedForm:
    """The form in which an image is packed: its own bytes, its user data, or the frames of its tracks."""

    original_bytes: int
    """Its size as the user knows it: the decoded image, or its user data."""
    keeps_source: bool = False
    """Whether the source stays: the result lacks some of its bytes, or another sheet needs it."""
    is_cut: bool = False
    """Whether it is the user data of a CD."""
    form_bytes: int = 0
    """Bytes of the frames of a CD in its CHD; 0 for other forms."""
    metadata: "tuple[NewEntry, ...]" = ()
    """The metadata of that CHD."""
    tracks: tuple[Track, ...] = ()
    """The tracks of a CD in that CHD."""
    notices: tuple[str, ...] = ()
    """Notices for the user."""
    kept: "KeptSet | None" = None
    """The files that a CHD keeps of its disc, which are written as they were; None if its tracks decide."""
    kept_for: str = ""
    """The warning that the source stays because a sheet that stays behind names a file of it; empty if none does."""

    @property
    def why_kept(self) -> str:
        """The warning that the source stays for another sheet, or because its files were rebuilt; else empty."""
        return self.kept_for or ("" if self.kept is None else self.kept.why_kept)

    @property
    def kept_digests(self) -> tuple[str, ...]:
        """The kinds of digests that are recorded of the kept files."""
        return () if self.kept is None else self.kept.digests

    def check_kept(self, name: str, digests: DigestSet) -> None:
        """Raise VerifyError unless the kept files have their recorded digests; `name` is that of the CHD."""
        if self.kept is not None:
            self.kept.check(name, digests)


NOTHING_ELSE = PackedForm(0)
"""The form of a plan whose source is packed as it is."""


def refuse_cut(image: Image, disc: DiscInfo, wanted: ImageFormat | None) -> None:
    """Raise UnsupportedImageError if the wanted format would cut a disc that needs its raw sectors.

    This comes before the target: none helps such a disc.
    """
    if isinstance(image, CdImage) and wanted not in {None, TRACKS_FORMAT, *SHEETS}:
        check_cut(image, disc)


def decide_packed_form(
    image: Image, disc: DiscInfo, choice: ChosenSettings, request: ConversionRequest, output_path: Path | None
) -> PackedForm:
    """Return what of an open image is packed for a choice of settings; `output_path` is the name that the user chose.

    Raises UnsupportedImageError or SettingError if the result would lack what the disc needs.
    """
    form = _form_of(image, disc, choice, request, output_path)
    other = kept_for_sheet(image) if request.trash_source else ""
    return replace(form, keeps_source=True, kept_for=other) if other else form


def _form_of(
    image: Image, disc: DiscInfo, choice: ChosenSettings, request: ConversionRequest, output_path: Path | None
) -> PackedForm:
    if not isinstance(image, CdImage):
        return PackedForm(image.size)
    if choice.settings.is_cd:
        from discpress.engine.convert.cd.chd_form import check_kept, left_out  # noqa: PLC0415 - CDs only
        from discpress.engine.images.chd.cd.disc_frames import frames_of  # noqa: PLC0415

        remarks = check_kept(image)
        frames = frames_of(image)
        if lacking := left_out(image):
            remarks.append(f"{format_size(lacking)} next to its sectors, such as subcode, are not in the result")
        return PackedForm(
            image.size,
            lacking > 0,
            form_bytes=frames.size,
            metadata=frames.metadata,
            tracks=image.tracks,
            notices=tuple(remarks),
        )
    if choice.settings.format in SHEETS:
        from discpress.engine.convert.cd.kept_set import kept_set_of  # noqa: PLC0415 - for sheets only

        kept, remarks = kept_set_of(image, choice.settings.format, request, output_path)
        lacks = image.left_out_bytes > 0
        if kept is None:
            return PackedForm(image.size, lacks, notices=tuple(remarks))
        return PackedForm(kept.view(image).size, lacks or kept.is_rebuilt, kept=kept)
    check_cut(image, disc)
    return PackedForm(cut(image).size, not is_exact(image), is_cut=True)

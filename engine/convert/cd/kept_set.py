"""The files of a disc as they were before it became a CHD, from what the CHD keeps of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from discpress.engine.convert.cd.file_set import FileSet, TrackFile
from discpress.engine.convert.digests import DigestSet
from discpress.engine.errors import VerifyError
from discpress.engine.formats import SHEETS, ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.entry import KeptFile, KeptFiles
from discpress.engine.images.cd.kept.image import KeptImage
from discpress.engine.images.cd.kept.reading import are_slices, kept_in
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.image import Image
from discpress.engine.names import display_name, fold
from discpress.engine.request import ConversionRequest

_SHEET_SUFFIXES = {".cue", ".gdi", ".ccd", ".mds"}
_KEPT_REBUILT = "the original stays where it is: its files have bytes that are in no track, as those of WAVE files"
"""The warning about a CHD whose files were rebuilt."""


@dataclass(frozen=True, slots=True)
class KeptSet:
    """The files that a CHD keeps, for a conversion back to them."""

    files: KeptFiles
    """The files, the sheet first."""
    is_rebuilt: bool
    """Whether they contain more than slices of the decoded disc, so that `view` gives other bytes."""

    @property
    def why_kept(self) -> str:
        """The warning that the source stays because its files were rebuilt; empty if they were not."""
        return _KEPT_REBUILT if self.is_rebuilt else ""

    @property
    def sheet_name(self) -> str:
        """The name that the sheet had."""
        return self.files.sheet.name

    def view(self, image: Image) -> Image:
        """Return the bytes that are written: those of the files after the sheet, joined."""
        return KeptImage(image, self.files) if self.is_rebuilt and isinstance(image, CdImage) else image

    def file_set(self, sheet_name: str, tracks: Sequence[Track]) -> FileSet:
        """Return the files under their names, with the sheet under a name of its own; offsets are those of `view`."""
        others = self.files.files[1:]
        starts = accumulate((file.size_bytes for file in others), initial=0)
        files = tuple(
            TrackFile(file.name, start, file.size_bytes, _tracks_in(file, tracks))
            for file, start in zip(others, starts, strict=False)
        )
        return FileSet(sheet_name, self.files.sheet_bytes, files)

    @property
    def digests(self) -> tuple[str, ...]:
        """The kinds of digests that are recorded of the files."""
        return ("sha1",) if any(file.sha1 for file in self.files.files) else ()

    def check(self, name: str, digests: DigestSet) -> None:
        """Raise VerifyError unless the files have the recorded digests; `name` is that of the CHD for messages."""
        for file, found in zip(self.files.files[1:], digests.files, strict=True):
            if file.sha1 and found.values["sha1"] != file.sha1:
                raise VerifyError(
                    f"{name}: sha1 of {display_name(file.name)} is {found.values['sha1']}, its entry of kept files "
                    f"states {file.sha1}",
                    hint="restore it from a backup, or convert it with --one-bin, which uses its tracks alone",
                )


def _tracks_in(file: KeptFile, tracks: Sequence[Track]) -> tuple[Track, ...]:
    """Return the tracks that begin in a file."""
    spans = [(part.start, part.start + part.length) for part in file.parts if part.is_of_disc]
    return tuple(track for track in tracks if any(start <= track.start < end for start, end in spans))


def kept_set_of(
    image: Image, image_format: ImageFormat, request: ConversionRequest, output_path: Path | None
) -> tuple[KeptSet | None, list[str]]:
    """Return the files to write for a disc in a CHD, and remarks for the user; None if its tracks alone decide.

    They do if there is no entry, if the user asks for another form, or if the entry does not fit. Raises StorageError.
    """
    if not isinstance(image, CdImage) or image_format not in SHEETS:
        return None, []
    found = kept_in(image)
    if found.files is None:
        return None, [f"its kept files cannot be used: {found.problem}; its tracks decide"] if found.problem else []
    name = found.files.sheet.name
    shown, suffix = display_name(name), Path(name).suffix.lower()
    if suffix not in _SHEET_SUFFIXES:
        return None, [f"its kept files cannot be used: {shown} is not the name of a sheet; its tracks decide"]
    if request.one_bin or not (request.unpacks or suffix == f".{image_format}"):
        return None, [f"{shown} and its files are in this CHD: -d alone writes them as they were"]
    if output_path is not None and output_path.suffix.lower() != suffix:
        return None, [f"{shown} and its files are in this CHD: a name that ends in {suffix} writes them as they were"]
    others = {fold(file.name) for file in found.files.files[1:]}
    if output_path is not None and fold(output_path.name) in others:
        return None, [f"{shown} and its files are in this CHD: another name of the sheet writes them as they were"]
    return KeptSet(found.files, not are_slices(found.files, image) or _has_other_sheets(found.files)), []


def _has_other_sheets(kept: KeptFiles) -> bool:
    return any(file.literal is not None for file in kept.files[1:])

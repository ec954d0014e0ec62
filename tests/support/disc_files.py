"""Conversions of made-up CDs to a sheet and its files, and what must be there of them."""

from pathlib import Path
from typing import Unpack

from fault_injection import RequestFields
from raw_discs import MIXED, open_disc, stored_sectors

from discpress.engine.convert.cd.file_set import file_set
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import plan_conversion, plan_image
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.trash.journal import Journal, no_journal
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.tracks import Track
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest


def convert_disc(
    path: Path,
    tracks: tuple[Track, ...] = MIXED,
    output_path: Path | None = None,
    output_folder: Path | None = None,
    *,
    control: Control | None = None,
    journal: Journal = no_journal,
    one_bin: bool = False,
    unpacks: bool = False,
    **request: Unpack[RequestFields],
) -> Conversion:
    """Convert a made-up disc as the command line does: to a CUE sheet, unless something else is wanted."""
    fields: RequestFields = {
        "format": ImageFormat.ISO if unpacks else ImageFormat.CUE,
        "accept_incomplete": True,
    }
    wanted = ConversionRequest(one_bin=one_bin, unpacks=unpacks, **(fields | request))
    with open_disc(path, tracks) as image:
        plan = settle_output(plan_image(image, wanted, output_path, output_folder))
        return convert(plan, image=image, threads=2, control=control or Control(), progress=Progress(), journal=journal)


def convert_chd(path: Path, *, journal: Journal = no_journal, trash_source: bool = False) -> Conversion:
    """Convert the CHD of a CD to a CUE sheet and its files."""
    request = ConversionRequest(ImageFormat.CUE, trash_source=trash_source, accept_incomplete=True)
    plan = settle_output(plan_conversion(path, None, None, request))
    return convert(plan, threads=2, control=Control(), progress=Progress(), journal=journal)


def expected_files(
    sheet_name: str, tracks: tuple[Track, ...] = MIXED, image_format: ImageFormat = ImageFormat.CUE, seed: int = 70
) -> dict[str, bytes]:
    """Return the files of a conversion by their names."""
    files, data = file_set(sheet_name, tracks, image_format), stored_sectors(tracks, seed)
    return {files.sheet_name: files.sheet} | {each.name: data[each.start : each.end] for each in files.files}


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder by their names."""
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}

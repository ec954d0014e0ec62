"""Checks that a CHD keeps all of a CD."""

from discpress.engine.convert.cd.form import details_of
from discpress.engine.errors import SettingError, UnsupportedImageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.maker import kept_or_problem
from discpress.engine.images.cd.raw_image import RawImage
from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.chd.cd.disc_frames import lost_in_chd
from discpress.engine.images.chd.cd.image import ChdCdImage
from discpress.engine.images.doctor.cd_content import no_sheet_findings
from discpress.engine.names import listed


def check_kept(image: CdImage) -> list[str]:
    """Raise an error if a CHD would not keep all of a disc; return notices of what only its kept files contain.

    UnsupportedImageError for a dump whose tracks nothing describes, SettingError for other losses.
    """
    for finding in no_sheet_findings(image) if isinstance(image, RawImage) else ():
        raise UnsupportedImageError(f"{image.name}: {finding.message}", hint="name the sheet in place of the dump")
    lost = [*lost_in_chd(image), *(details_of(image.sheet) if isinstance(image, SheetImage) else ())]
    kept, problem = kept_or_problem(image)
    if lost and kept is not None:
        return [f"programs that play the CHD do not find {listed(lost, 'and')}: only the files that it keeps have that"]
    if lost:
        why = f", and cannot keep its files because of {problem}" if problem else ""
        raise SettingError(
            f"{image.name}: a CHD cannot keep {listed(lost, 'and')}{why}",
            hint="keep the sheet and its files as they are, or write the CHD from a sheet without that",
        )
    return [f"the CHD does not keep the files as they are, because of {problem}"] if problem else []


def left_out(image: CdImage) -> int:
    """Return the bytes of a disc's files that its CHD lacks, such as subcode; that of a CHD keeps all."""
    if isinstance(image, ChdCdImage):
        return 0
    kept, _ = kept_or_problem(image)
    if kept is None or image.source.member_number:
        return image.left_out_bytes
    return image.source.held_bytes - sum(file.size_bytes for file in kept.files)

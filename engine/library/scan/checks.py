"""The checks of an image that a scan can afford: those of the doctor that decode nothing but sector 16."""

from collections.abc import Iterator
from typing import NamedTuple

from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import DamagedImageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.doctor.cd_content import cd_content_findings, no_sheet_findings
from discpress.engine.images.doctor.content import (
    cut_short,
    loss_findings,
    no_disc_findings,
    size_findings,
)
from discpress.engine.images.doctor.findings import VOLUME_SIZE, Finding, Severity
from discpress.engine.images.image import Image
from discpress.engine.store.model import Fault


class Checked(NamedTuple):
    """The result of the checks, for the fields of a title."""

    error: str
    fault: Fault | None
    findings: tuple[Finding, ...] = ()


def check_image(image: Image, disc: DiscInfo) -> Checked:
    """Return the faults of an open image of a disc.

    Two reads at most: sector 16, and the index entries of the last block; of a GameCube or Wii disc also its start. A
    compressed image in an archive is not read to its last block. Raises DamagedImageError if sector 16 does not decode,
    and StorageError.
    """
    if not image.is_sequential:
        try:
            image.check_extent()
        except DamagedImageError as error:
            return Checked(str(error), Fault.DAMAGED)
    findings = tuple(_findings(image, disc))
    cut = next((each.message for each in findings if each.is_about_end), "")
    fault = Fault.CUT_SHORT if cut else None if disc.has_disc else Fault.NO_DISC
    return Checked(cut, fault, findings)


def _findings(image: Image, disc: DiscInfo) -> Iterator[Finding]:
    if isinstance(image, CdImage):
        from discpress.engine.images.cd.raw_image import RawImage  # noqa: PLC0415 - for CDs only

        yield from (Finding(Severity.NOTE, "sheet", remark) for remark in image.remarks)
        if isinstance(image, RawImage) and not image.is_sequential:
            yield from no_sheet_findings(image, 1)
        yield from cd_content_findings(image, has_disc=disc.has_disc)
        return
    if not disc.has_disc:
        yield from no_disc_findings(image)
    elif message := cut_short(image):
        yield Finding(Severity.ERROR, VOLUME_SIZE, message)
    yield from size_findings(image)
    yield from loss_findings(image, disc.system)

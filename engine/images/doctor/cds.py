"""The doctor's checks of a disc with tracks that need no more than its track table and a few sectors."""

from collections.abc import Iterator

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.reading import kept_in
from discpress.engine.images.cd.raw_image import RawImage
from discpress.engine.images.chd.cd.moved_gaps import MOVED_GAPS, has_moved_gaps
from discpress.engine.images.doctor.cd_content import cd_content_findings, no_sheet_findings
from discpress.engine.images.doctor.cd_targets import cd_target_findings
from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.images.known_disc import find_disc
from discpress.engine.targets import Target


def cd_findings(image: CdImage, target: Target | None) -> Iterator[Finding]:
    """Yield what the sheet, the track table and the volume descriptor show, and what a loader leaves out."""
    for remark in image.remarks:
        yield Finding(Severity.NOTE, "sheet", remark)
    if problem := kept_in(image).problem:
        text = f"its entry of kept files cannot be used, so convert -d goes by the tracks: {problem}"
        yield Finding(Severity.WARNING, "kept-files", text)
    if isinstance(image, RawImage):
        yield from no_sheet_findings(image)
    try:
        yield from cd_target_findings(image, target)
        has_disc = _has_disc(image)
        if has_moved_gaps(image):
            yield Finding(Severity.WARNING, "moved-gaps", MOVED_GAPS)
    except (DamagedImageError, UnsupportedImageError):
        return  # the block has its own finding
    yield from cd_content_findings(image, has_disc=has_disc)


def _has_disc(image: CdImage) -> bool:
    """Return whether a known disc is in one of the data tracks, or the disc contains sound only."""
    data = [track for track in image.tracks if track.kind.has_data]
    return not data or any(find_disc(image.user_data(track).read_at) is not None for track in data)

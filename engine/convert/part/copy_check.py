"""Comparison of files with the open source of a conversion: its result, or leftovers of a killed run."""

from collections.abc import Sequence
from pathlib import Path

from discpress.engine.convert.cd.comparison import has_sectors, has_sheet
from discpress.engine.convert.cd.file_set import TrackFile
from discpress.engine.convert.digests import Digester, DigestSet, FileDigester
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.verify import digest_image
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.images.chd.cd.packed import frames_for
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.sets.source_set import JoinedSource
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import same_file


class CopyCheck:
    """The open source of one conversion, and what it becomes."""

    def __init__(self, image: Image, plan: ConversionPlan, threads: int, control: Control, progress: Progress) -> None:
        self.image = image
        self.source = image.source
        self._frames = frames_for(image, plan.settings)
        self._packed: Image = image if self._frames is None else self._frames
        self.plan = plan
        self._layout = plan.layout
        self._threads = threads
        self.control = control
        self.progress = progress

    def _digester(self) -> Digester:
        requested, files = self.plan.request.digests, self.plan.files
        if self._frames is not None:
            from discpress.engine.convert.cd.frame_digester import FrameDigester  # noqa: PLC0415 - for CDs only

            return FrameDigester(requested, self._frames)
        wanted = (*requested, *self.image.recorded, *self._layout.records, *self.plan.form.kept_digests)
        return Digester(wanted) if files is None else FileDigester(wanted, [each.size_bytes for each in files.files])

    def _digests_if_copy(self, *paths: Path) -> DigestSet | None:
        """Return the source's digests if files are, joined, an image in the output's format with exactly these."""
        wanted = self.plan.request.digests
        try:
            with self._open_copy(paths) as other:
                is_as_wanted = other.format is self.plan.settings.format and other.size == self.image.size
                if not is_as_wanted or not self._layout.has_form_of(other):
                    return None
                theirs = digest_image(other, self._threads, self.control, self.progress, wanted)
            ours = digest_image(self.image, self._threads, self.control, self.progress, wanted)
        except CancelledError:
            raise
        except DiscpressError:
            return None
        return ours if theirs == ours else None

    def digests_if_published(self) -> DigestSet | None:
        """Return the source's digests if the result exists under its final names and decodes to exactly these."""
        plan, files = self.plan, self.plan.files
        if files is None:
            return self._digests_if_copy(plan.output_path)
        stored = zip(plan.output_paths[1:], files.files, strict=True)
        if not has_sheet(plan.output_path, files) or not all(self.has_sectors(*each) for each in stored):
            return None
        digester = self._digester()
        digest_image(self.image, self._threads, self.control, self.progress, on_data=digester.update)
        return digester.finish()

    def has_sectors(self, path: Path, stored: TrackFile) -> bool:
        """Return whether the file at a path contains exactly the sectors of a file of the result."""
        return has_sectors(self.image, path, stored, self.control.check)

    def is_copy(self, *paths: Path) -> bool:
        """Return whether files are, joined, a complete packed copy of the source, and not the source itself."""
        try:
            found = [path.stat() for path in paths]
        except OSError:
            return False
        is_source = any(same_file(each, file.stat()) for each in found for file in self.source.files)
        return not is_source and self._digests_if_copy(*paths) is not None

    def _open_copy(self, paths: Sequence[Path]) -> Image:
        return open_image(paths[0]) if len(paths) == 1 else self._layout.open(JoinedSource.of_files(paths))

"""The parts of a result that is one image in files of a limited size, as FAT32 needs them: `.wbfs`, `.wbf1` and so on.

All parts exist from the start; those that turn out to be unneeded are removed. When everything is verified they get
their names one after the other, the first part last: it is the file that stands for the image. See
`split_leftovers` for what a kill leaves.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from discpress.engine.convert.part.exposed import ExposedPart
from discpress.engine.convert.part.name import part_path_of, sync_name
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.split_leftovers import mark_unfinished
from discpress.engine.errors import DiscpressError, FileLimitError
from discpress.engine.images.sets.joined import Joined
from discpress.engine.images.source import ByteSource
from discpress.engine.names import display_name
from discpress.engine.system.files import FileIdentity, Readable, Writable, same_file
from discpress.engine.system.rename import rename_new, sync_folder


class SplitPart(ByteSource):
    """The unfinished parts of one image, locked while they are open; as a `ByteSource`, the image."""

    is_resumed = False
    is_resumable = False

    def __init__(
        self,
        paths: Sequence[Path],
        part_bytes: int,
        new_part: Callable[[Path], PartFile],
        make_marker: Callable[[Sequence[bytes]], bytes],
    ) -> None:
        """Create all parts of these final paths, each of at most `part_bytes`.

        `make_marker` returns a marker that lists heads. Raises PartError as `PartFile` does; then no part is left.
        """
        self.final_path = self.path = paths[0]
        self.size_bytes = 0
        self._make_marker = make_marker
        self._has_heads = False
        self._keeps_first = False
        self._parts: list[PartFile] = []
        self._joined = Joined(self._parts, [part_bytes] * len(paths))
        try:
            for path in paths:
                self._parts.append(new_part(path))
        except BaseException:
            self.discard()
            raise

    @property
    def count(self) -> int:
        """Number of parts that contain bytes."""
        return len(self._used)

    @property
    def _used(self) -> list[PartFile]:
        return [part for number, part in enumerate(self._parts) if number == 0 or part.size_bytes]

    @property
    def _last_first(self) -> list[PartFile]:
        """The used parts in the order in which they are finished: that of the image's first bytes last."""
        first, *others = self._used
        return [*others, first]

    @property
    def is_broken(self) -> bool:
        """Whether a part lost bytes that cannot be written again."""
        return any(part.is_broken for part in self._parts)

    @property
    def warnings(self) -> list[str]:
        """Refusals of the file system so far, as sentences, each once."""
        return list(dict.fromkeys(warning for part in self._parts for warning in part.warnings))

    def write_at(self, offset: int, data: Readable) -> None:
        """Write bytes of the image into the parts that contain them. Raises SpaceError if they do not fit."""
        view = memoryview(data).cast("B")
        end = offset + len(view)
        if end > self._joined.size:
            raise FileLimitError(
                f"{display_name(self.final_path)}: larger than {len(self._parts)} parts",
                hint="choose a folder on another file system with -O",
            )
        for part, at, piece in self._joined.cut(offset, view):
            part.write_at(at, piece)
        self.size_bytes = max(self.size_bytes, end)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with bytes of the image."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        return self._joined.read_into(view, offset, PartFile.read_into)

    def start_again(self) -> None:
        """Discard all written bytes; the parts stay open and locked."""
        for part in self._parts:
            part.start_again()
        self.size_bytes = 0

    def sync(self) -> None:
        """Sync the written bytes of all parts, see `PartFile.sync`."""
        for part in self._used:
            part.sync()

    def drop_cached(self) -> bool:
        """Drop all parts from the page cache; return whether the system confirms that nothing is left there."""
        are_dropped = [part.drop_cached() for part in self._used]
        return all(are_dropped)

    def expose(self) -> list[ExposedPart]:
        """Write the real heads over the markers; return the parts for another program, in their order."""
        self._release_unused()
        self._list_heads()
        exposed = [ExposedPart(part) for part in self._last_first]
        return [exposed[-1], *exposed[:-1]]

    def _release_unused(self) -> None:
        used = self._used
        for part in self._parts:
            if part not in used:
                part.discard()
        self._parts = used

    def _list_heads(self) -> None:
        """Let the marker of the first part list the heads of the others, which take the place of their markers.

        First, the names of all parts are on the disk: without the first one, nothing would show what the others are.
        """
        first, *others = self._parts
        if others:
            sync_name(self.final_path)
            self._mark(first, [part.head[: part.size_bytes] for part in others])
        self._has_heads = True

    def _mark(self, part: PartFile, heads: Sequence[bytes]) -> None:
        mark_unfinished(part.fd, part.path, self._make_marker(heads))

    def seal(self, mtime_ns: int) -> FileIdentity:
        """Complete all parts, see `PartFile.seal`; return the identity of the first. Their names are on the disk."""
        self._release_unused()
        if not self._has_heads:
            self._list_heads()
        identity = [part.seal(mtime_ns) for part in self._last_first][-1]
        sync_name(self.final_path)
        return identity

    @property
    def sealed(self) -> dict[Path, FileIdentity]:
        """The sealed parts by their final names, the first one first. OSError."""
        return {part.final_path: FileIdentity.of(os.fstat(part.fd)) for part in self._parts}

    def publish(self) -> FileIdentity:
        """Give all parts their final names, the first one last; return its identity. Raises as a part's publish does.

        After an error, no part of this run has its final name.
        """
        published: list[PartFile] = []
        try:
            for part in self._last_first[:-1]:
                part.publish(comes_back=True)
                published.append(part)
            return self._parts[0].publish(comes_back=True)
        except BaseException:
            self._keeps_first |= not self._take_back(published)
            raise

    def _take_back(self, published: Sequence[PartFile]) -> bool:
        """Give published parts their former names; return whether that is on the disk."""
        try:
            for part in published:
                if same_file(part.final_path.lstat(), os.fstat(part.fd)):
                    rename_new(part.final_path, part_path_of(part.final_path))
            sync_folder(self.final_path.parent)
        except OSError:
            return False
        return True

    def discard(self) -> None:
        """Remove the parts. If others have final names, all stay: together they show what those are."""
        if not self._keeps_first:
            if self._has_heads:
                self._mark_again()
            for part in self._parts:
                part.discard()
        self.close()

    def _mark_again(self) -> None:
        """Give all parts markers, so that a kill between two removals leaves nothing unknown."""
        with contextlib.suppress(DiscpressError):
            first, *others = (part for part in self._parts if part.fd >= 0)
            self._mark(first, [part.head[: part.size_bytes] for part in others])
            for part in others:
                self._mark(part, ())

    def close(self) -> None:
        """Close all files and release their locks; safe to call again."""
        for part in self._parts:
            part.close()

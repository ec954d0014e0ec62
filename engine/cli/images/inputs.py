"""The inputs of a command line: files, and the images in folders and archives."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.output.printers import Printer
from discpress.engine.errors import DiscpressError, StorageError, UnsupportedImageError, UsageError
from discpress.engine.images.open import formats_in, open_only_image, with_files
from discpress.engine.images.recognise import ISO_SUFFIXES, detect_format, header_problem, is_archive, recognise
from discpress.engine.images.registry import labels_of_read, spec_of
from discpress.engine.images.sets.part_names import group_parts, read_part_name
from discpress.engine.images.sets.sheet_sets import is_sheet_name, sheet_sets_in
from discpress.engine.images.sets.split_image import SplitImage, open_parts, open_split
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES
from discpress.engine.library.scan.links import Links
from discpress.engine.library.scan.probe import is_image
from discpress.engine.names import display_name, listed, natural_key
from discpress.engine.system.files import absolute, is_file, is_folder
from discpress.engine.system.ignored import without_ignored


@dataclass(frozen=True, slots=True)
class Input:
    """One image to work on."""

    path: Path
    """Its path; in an archive, the path below the archive."""
    output_folder: Path | None
    """The folder of its result; None for the folder of the image."""
    is_named: bool = True
    """Whether the user named it; False if it was found in a folder or an archive."""


class ImageFinder:
    """Finds the images of a command line in files, folders and archives."""

    def __init__(
        self,
        printer: Printer,
        sources: OpenSources,
        fail: Callable[[Path, DiscpressError], None],
        check: Callable[[], None],
    ) -> None:
        """Errors go to `fail`. `check`, called at every visited file, may raise to stop.

        `sources` keeps the files open that the next step reads.
        """
        self._printer = printer
        self._sources = sources
        self._report = fail
        self._check = check
        self._has_failed = False

    def _fail(self, path: Path, error: DiscpressError) -> None:
        self._has_failed = True
        self._report(path, error)

    def images(
        self, paths: Sequence[Path], output_folder: Path | None = None, *, is_recursive: bool
    ) -> Iterator[Input]:
        """Yield the images of the inputs; folders only with -r, their images by content, in natural order.

        An archive stands for its only image, with -r for all of them. Below `output_folder` the folders of the inputs
        are kept.
        """
        for path in paths:
            if not is_folder(path):
                yield from self._named(path, output_folder, is_all=is_recursive)
            elif is_recursive:
                yield from self._walk(path, output_folder)
            else:
                error = UsageError(
                    f"{display_name(path)}: is a folder", hint="add -r for the images in the folder and below"
                )
                self._fail(path, error)

    def to_read(self, paths: Sequence[Path], *, is_recursive: bool) -> Iterator[Input]:
        """Yield the images of the inputs as `images` does, for a command that only reads.

        A notice reports that there are none: silence would look like a check that found no fault.
        """
        is_any = False
        for each in self.images(paths, is_recursive=is_recursive):
            is_any = True
            yield each
        if not (is_any or self._has_failed):
            self._printer.notice("found no image")

    def files(self, paths: Sequence[Path], *, is_recursive: bool) -> Iterator[Path]:
        """Yield the named files unchecked; with -r the images in folders and archives instead, see `to_read`."""
        if is_recursive:
            yield from (each.path for each in self.to_read(paths, is_recursive=True))
        else:
            yield from paths

    def _walk(self, top: Path, output_folder: Path | None) -> Iterator[Input]:
        def report(error: OSError) -> None:
            self._printer.notice(f"cannot be searched: {error.strerror}", Path(error.filename or top))

        links = Links([absolute(top)])
        visited: set[tuple[int, int]] = set()
        for root, folders, names in os.walk(top, onerror=report, followlinks=True):
            self._check()
            if not _is_new(Path(root), visited):
                folders.clear()
                continue
            wanted = [name for name in without_ignored(folders) if _is_found(Path(root, name), links)]
            folders[:] = sorted(wanted, key=natural_key)
            folder = output_folder and output_folder / Path(root).relative_to(top)
            found = sorted(without_ignored(names), key=natural_key)
            parts = self._parts_of_images(Path(root), found)
            sheets = _sheet_sets(Path(root), found)
            parts |= {each: main for main, others in sheets.items() for each in others}
            for name in found:
                self._check()
                path = Path(root, name)
                if not _is_found(path, links) or parts.get(name, name) != name:
                    continue
                images = [path] if name in parts else self._wanted(path, sheets.get(name, ()))
                yield from (Input(each, folder, is_named=False) for each in images)

    def _parts_of_images(self, folder: Path, names: Sequence[str]) -> dict[str, str]:
        """Return the names of the parts of split images in a folder, each with that of the first part."""
        parts: dict[str, str] = {}
        for group in group_parts(
            name for name in names if read_part_name(name) is not None and is_file(Path(folder, name))
        ):
            try:
                split = open_parts(folder, group)
            except DiscpressError as error:
                self._fail(folder / group.first.name, error)
                continue
            if split is not None:
                split.close()
                parts |= {each.name: group.first.name for each in group.names}
        return parts

    def _named(self, path: Path, output_folder: Path | None, *, is_all: bool) -> Iterator[Input]:
        """Yield a named file; of an archive its named member, its only image, or all images."""
        try:
            split = open_split(path)
            if split is not None:
                yield from self._named_split(split, path, output_folder)
                return
            file = FileSource(path)
        except StorageError:  # it is in an archive, or the reader reports why it cannot be opened
            yield Input(path, output_folder)
            return
        try:
            is_whole_archive = is_archive(file)
            if is_whole_archive and is_all:
                found = [Input(each, output_folder, is_named=False) for each, _ in formats_in(file)]
                file.close()
            else:
                if not is_whole_archive:
                    _refuse_no_image(path, file)
                source = open_only_image(file) if is_whole_archive else with_files(file)
                self._sources.keep(source, source.path)
                found = [Input(source.path, output_folder)]
        except DiscpressError as error:
            file.close()
            self._fail(path, error)
            return
        yield from found

    def _named_split(self, split: SplitImage, path: Path, output_folder: Path | None) -> Iterator[Input]:
        """Yield the first part of a split image that is whole."""
        try:
            split.check_whole(path)
        except DiscpressError as error:
            split.close()
            self._fail(path, error)
            return
        self._sources.keep(split, path)
        yield Input(path, output_folder)

    def _wanted(self, path: Path, others: Sequence[str]) -> Iterator[Path]:
        """Yield the images at a path of a folder; files of other programs are reported and skipped.

        `others` are the names of the files that belong to it, if it is a sheet.
        """
        if not is_file(path):
            return
        try:
            file = FileSource(path)
        except DiscpressError as error:
            self._fail(path, error)
            return
        found = []
        try:
            if is_archive(file):
                found = self._images_in(file)
            elif self._is_wanted(file):
                self._sources.keep(with_files(file, others), path)
                found = [path]
        except DiscpressError as error:
            self._fail(path, error)
        if found != [path]:
            file.close()
        yield from found

    def _images_in(self, file: FileSource) -> list[Path]:
        """Return the images of an archive; an unreadable archive is reported and skipped."""
        try:
            found = formats_in(file)
        except DiscpressError as error:
            self._printer.notice(f"skipped: {error}", file.path)
            return []
        for image, spec in found:
            if spec is not None and not spec.is_read:
                self._printer.notice(f"skipped: {spec.label}: {spec.advice}", image)
        return [image for image, spec in found if spec is None or spec.is_read]

    def _is_wanted(self, file: FileSource) -> bool:
        found = spec_of(detect_format(file))
        if header_problem(file, found.name):
            return True  # the reader reports why it cannot be opened
        if not found.is_read and is_image(file, found.name):
            self._printer.notice(f"skipped: {found.label}: {found.advice}", file.path)
        return found.is_read and is_image(file, found.name)


def _sheet_sets(folder: Path, names: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the sheets in a folder, each with the other files of its title; a part of a title is no sheet here."""
    if not any(map(is_sheet_name, names)):
        return {}
    there = [name for name in names if is_file(Path(folder, name))]
    return {each.main: each.others for each in sheet_sets_in(folder, there)}


def _is_new(folder: Path, visited: set[tuple[int, int]]) -> bool:
    """Return whether a folder was not visited before under another name; a link may lead into a circle."""
    try:
        facts = folder.stat()
    except OSError:
        return True  # the walk itself has read it
    key = facts.st_dev, facts.st_ino
    is_new = key not in visited
    visited.add(key)
    return is_new


def _is_found(path: Path, links: Links) -> bool:
    """Return whether a name in a folder counts: as in a scan, a link only if it leads to something not found anyway."""
    try:
        return not path.is_symlink() or links.lead_out(path)
    except OSError:
        return False


def _refuse_no_image(path: Path, source: FileSource) -> None:
    """Refuse a file that is surely not an image, by the same criteria as in a folder. Raises UnsupportedImageError, or
    DamagedImageError if it lacks the header that its name promises.
    """
    found = recognise(source)
    if spec_of(found).promises or is_image(source, found):
        return
    head = read_bytes(source, 0, SNIFF_BYTES)
    what = f"{source.size_bytes} bytes of {'text' if _is_text(head) else 'data'}"
    if path.suffix.lower() == ".cue":
        what += ", which name no raw file with a data track"
    raise UnsupportedImageError(
        f"{display_name(path)}: is not a disc image: {what}",
        hint=f"use {listed(labels_of_read())}; an ISO without an ISO 9660 volume must be named "
        f"{listed(sorted(ISO_SUFFIXES, reverse=True))}",
    )


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a character that is cut at the end
            return False
        text = head[: error.start].decode()
    return all(each.isprintable() or each.isspace() for each in text)

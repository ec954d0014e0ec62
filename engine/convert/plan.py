"""Plans a conversion from a request: format, settings, output name, space; writes nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from discpress.engine.convert.cd.cut import cut, cut_notices
from discpress.engine.convert.cd.file_set import FileSet, file_set
from discpress.engine.convert.cd.form import content_problems, form_of_image, losses_of, tracks_for
from discpress.engine.convert.cd.needs import KEPT_RAW, KEPT_SUBCODE
from discpress.engine.convert.cd.packed_form import NOTHING_ELSE, PackedForm, decide_packed_form, refuse_cut
from discpress.engine.convert.choice import resolve_settings
from discpress.engine.convert.nintendo.loader_names import listed_id
from discpress.engine.convert.nintendo.split_files import count_parts, part_paths
from discpress.engine.convert.output_names import format_of_suffix, refuse_reserved, result_path
from discpress.engine.convert.trash.journal import CONVERTED, REPAIRED
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import ConflictError, UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.archives.model import REACH_BYTES
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Layout
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import encoder_for, form_in_words, layout_of
from discpress.engine.images.sets.source_set import SourceSet
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import FileIdentity, absolute
from discpress.engine.units import format_size

KEPT = "the original stays where it is: the image is not whole; --accept-incomplete on this very file accepts that"
"""The warning about an original that is not moved to the trash."""


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """One conversion, decided."""

    source_path: Path
    """The image that is read; in an archive, its path below the archive."""
    sources: SourceSet
    """The files that contain it, at the time of the plan: the image itself, all parts of it, or the archive."""
    source_bytes: int
    """Bytes of the image in those files: their size, or its share of the archive."""
    member: int
    """Its number in the archive, from 1; 0 if it is not in an archive."""
    source_format: ImageFormat
    """The source's format."""
    original_bytes: int
    """Its decoded size."""
    identity: DiscInfo
    """The identified game."""
    output_path: Path
    """The output file."""
    makes_folder: bool
    """Whether its folder is created if missing."""
    settings: Settings
    """The form of the output."""
    index_shift: int
    """Offsets in the output's index count steps of 1 << index_shift bytes."""
    request: ConversionRequest
    """The request."""
    notices: tuple[str, ...]
    """Warnings for the user before the conversion."""
    incomplete: str = ""
    """The reason why the image is not a whole disc; empty if nothing shows that."""
    tracks: tuple[Track, ...] = ()
    """The tracks that become files of their own next to the output, which is their sheet; none for a single file."""
    form: PackedForm = NOTHING_ELSE
    """The form in which the source is packed."""
    part_count: int = 0
    """The most files that the result is split into, or their number once it is written; 0 if it is not split."""

    def view(self, image: Image) -> Image:
        """Return the bytes of the open source that are packed: all of them, the user data of a CD, or kept files of it.

        Raises UnsupportedImageError if a CD cannot be cut.
        """
        if self.form.kept is not None:
            return self.form.kept.view(image)
        return cut(image, accepts_damage=self.request.accept_incomplete) if self.form.is_cut else image

    @property
    def files(self) -> FileSet | None:
        """The sheet and the files of its tracks; None if the result is a single file."""
        return self.files_at(self.output_path) if self.tracks else None

    def files_at(self, sheet_path: Path) -> FileSet:
        """Return the sheet and the files of its tracks under another name of the sheet. Raises SettingError."""
        if self.form.kept is not None:
            return self.form.kept.file_set(sheet_path.name, self.tracks)
        return file_set(sheet_path.name, self.tracks, self.settings.format, one_bin=self.request.one_bin)

    @property
    def output_paths(self) -> tuple[Path, ...]:
        """All files of the result, the output first."""
        return self.paths_at(self.output_path)

    def paths_at(self, output_path: Path) -> tuple[Path, ...]:
        """Return all files of the result under another name of the output. Raises SettingError."""
        if self.part_count:
            return part_paths(output_path, self.part_count)
        names = self.files_at(output_path).names if self.tracks else (output_path.name,)
        return tuple(output_path.with_name(name) for name in names)

    @property
    def source_file_path(self) -> Path:
        """The main file of the source: the image itself, its first part, or the archive."""
        return self.sources.main.path

    @property
    def source_identity(self) -> FileIdentity:
        """The identity of the main file at the time of the plan."""
        return self.sources.main.identity

    @property
    def layout(self) -> Layout:
        """The form of the output file."""
        return layout_of(
            self.settings, self.form.form_bytes or self.original_bytes, self.index_shift, self.form.metadata
        )

    @property
    def description(self) -> str:
        """The form of the output in words: `ZSO 2048, level 9`."""
        return form_in_words(self.settings, str)

    @property
    def trashes_source(self) -> bool:
        """Whether the source goes to the trash after the result is published.

        Never if it contains no known disc, or not all of one, unless the request accepts that: a proof of a wrong disc
        is no proof (Safety rule 5). Never either if it contains more than its result.
        """
        is_allowed = self.is_accepted and not self.form.keeps_source
        return self.request.trash_source and is_allowed and not self.replaces_source

    @property
    def is_accepted(self) -> bool:
        """Whether the image is a whole disc, or the user accepts that it is not."""
        return self.request.accept_incomplete or (self.identity.has_disc and not self.incomplete)

    @property
    def paths(self) -> Mapping[str, str]:
        """Absolute paths of source and result for the journal; the names of a sheet's tracks are one JSON list."""
        found = {"source": str(absolute(self.source_path)), "output": str(absolute(self.output_path))}
        return found if self.files is None else {**found, "files": json.dumps(self.files.names)}

    def saving_of(self, packed_bytes: int) -> int:
        """Return the bytes that a result of this size saves; none if the source stays whatever the request."""
        return self.source_bytes - packed_bytes if self.is_accepted and not self.form.keeps_source else 0

    @property
    def replaces_source(self) -> bool:
        """Whether the result gets the source's name, so that the source goes to the trash right before that."""
        may_replace = self.request.replaces_source and self.request.trash_source and not self.member
        return may_replace and self.output_path == self.source_file_path

    @property
    def trash_reason(self) -> str:
        """The reason for the trash's entry of the source."""
        return REPAIRED if self.request.replaces_source else CONVERTED

    @property
    def worst_bytes(self) -> int:
        """Size of the output if nothing shrinks."""
        return self.layout.worst_bytes if self.files is None else self.files.total_bytes


def plan_conversion(
    source_path: Path, output_path: Path | None, output_folder: Path | None, request: ConversionRequest
) -> ConversionPlan:
    """Plan a conversion after reading the source's header.

    The output is `output_path`, or the source's name with the format's suffix, in `output_folder` or next to the
    source. The original stays if the image contains no known disc, or not all of one, unless the request accepts that;
    a warning reports it. Raises UsageError and SettingError for a wrong option, and the errors of `open_image` for a
    faulty source.
    """
    _refuse_unsafe(source_path, request)
    with open_image(source_path) as image:
        return plan_image(image, request, output_path, output_folder)


def plan_image(
    image: Image,
    request: ConversionRequest,
    output_path: Path | None = None,
    output_folder: Path | None = None,
    *,
    disc: DiscInfo | None = None,
) -> ConversionPlan:
    """Plan a conversion of an open image as `plan_conversion` does; nothing is opened again.

    `disc` is the disc in it, if that was read since the image was opened.
    """
    _refuse_unsafe(image.path, request)
    before = SourceSet.of(image.source)
    if request.trash_source:
        from discpress.engine.convert.trash.movable import refuse_unmovable  # noqa: PLC0415 - as below

        refuse_unmovable(image, before)
    identity = disc or identify_image(image)
    plan = _decide(image, before, identity, output_path, output_folder, request)
    view = plan.view(image)
    remarks, incomplete = content_problems(view if plan.form.kept is None else image, identity)
    notices = [*_far_notices(image), *cut_notices(view), *remarks]
    if request.trash_source and not request.accept_incomplete and (incomplete or not identity.has_disc):
        notices.append(KEPT)
    elif request.trash_source and plan.form.keeps_source:
        notices.append(plan.form.why_kept or (KEPT_RAW if plan.form.is_cut else KEPT_SUBCODE))
    fault = incomplete if identity.has_disc else "contains no known disc"
    fault = fault or ("its raw sectors cannot be rebuilt from the result" if plan.form.keeps_source else "")
    if plan.replaces_source and fault:
        raise ConflictError(
            f"{image.name}: {fault}, so it never goes to the trash, and the result needs another name",
            hint="convert it under another name: discpress convert -o",
        )
    return replace(plan, incomplete=incomplete, notices=(*notices, *plan.notices))


def _refuse_unsafe(source_path: Path, request: ConversionRequest) -> None:
    """Raise UsageError if the request would move an original without a proof, or a link."""
    if request.trash_source and not request.verify:
        raise UsageError("an original is only moved after its replacement is verified: verification is needed")
    if request.trash_source:
        from discpress.engine.convert.trash.movable import refuse_linked  # noqa: PLC0415 - 15 ms, most sources stay

        refuse_linked(source_path)


def _far_notices(image: Image) -> list[str]:
    way_bytes = image.source.way_bytes
    if way_bytes <= REACH_BYTES:
        return []
    before = f"{format_size(way_bytes)} of other files before it"
    return [f"{before} are unpacked on each read: unpacking the archive first is faster"]


def _decide(
    image: Image,
    sources: SourceSet,
    identity: DiscInfo,
    output_path: Path | None,
    output_folder: Path | None,
    request: ConversionRequest,
) -> ConversionPlan:
    suffix_format = format_of_suffix(output_path)
    request = form_of_image(image, request, suffix_format)
    refuse_cut(image, identity, request.format or suffix_format)
    tracks = TrackCounts.of(image) if isinstance(image, CdImage) else None
    choice = resolve_settings(
        image.name, image.size, identity.system, request, suffix_format=suffix_format, tracks=tracks
    )
    remark = "" if choice.settings.is_plain else encoder_for(choice.settings).check_image(image)
    form = decide_packed_form(image, identity, choice, request, output_path)
    file_path, game_id = image.source.holder.path, listed_id(choice.settings, identity.serial)
    makes_folder = output_folder is not None or (output_path is None and bool(game_id))
    if form.kept is not None:
        output_path = output_path or (output_folder or file_path.parent) / form.kept.sheet_name
    output_path = result_path(
        image.path.with_name(image.source.whole_name),
        file_path,
        choice.settings.format,
        output_path,
        output_folder,
        replaces_source=request.replaces_source,
        game_id=game_id,
    )
    refuse_reserved(output_path)
    plan = ConversionPlan(
        image.path,
        sources,
        image.file_bytes,
        image.source.member_number,
        image.format,
        form.original_bytes,
        identity,
        output_path,
        makes_folder,
        choice.settings,
        choice.index_shift,
        request,
        (*choice.notices, *form.notices, *filter(None, (remark,))),
        tracks=tracks_for(image, choice.settings, output_path, has_own_name=form.kept is not None),
        form=form,
    )
    files, kept = plan.files, form.kept is not None
    losses = () if files is None else losses_of(image, files, plan.settings.format, are_kept=kept)
    count = count_parts(plan.settings, output_path, 0 if plan.replaces_source else plan.worst_bytes)
    return replace(plan, notices=(*plan.notices, *losses), part_count=count)

"""Plans the conversion of many titles; reads names, stat results, sheets and the state file, and writes nothing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from discpress.engine.convert.batch.cds import SharedFiles, why_not_made, why_source_stays
from discpress.engine.convert.batch.copies import Copies
from discpress.engine.convert.batch.files import FileStat, stats_of
from discpress.engine.convert.batch.known import Known
from discpress.engine.convert.batch.left_out import STATES, LeftOut
from discpress.engine.convert.batch.model import NEVER_UNNAMED, Batch, Candidate, PlannedTitle, Skip
from discpress.engine.convert.batch.remarks import has_own_form, packed_skip, warning_about_name, warnings_about
from discpress.engine.convert.batch.space import disk_spaces
from discpress.engine.convert.batch.standing import standing_of, useless_standing
from discpress.engine.convert.batch.told_apart import told_apart
from discpress.engine.convert.cd.form import form_of_title
from discpress.engine.convert.choice import ChosenSettings, plays_system, resolve_settings
from discpress.engine.convert.nintendo.loader_names import listed_id
from discpress.engine.convert.output_names import Clash, OutputNames, format_of_suffix, refuse_reserved, result_path
from discpress.engine.convert.request import NOTHING, merge_requests
from discpress.engine.errors import DiscpressError, UnplayedDiscError, WrongSystemError
from discpress.engine.images.registry import spec_of
from discpress.engine.images.spec import Kind
from discpress.engine.names import display_beside, display_name, natural_key
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.states import Standing, State
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import device_below
from discpress.engine.system.filesystems import mount_name


def plan_batch(
    candidates: Sequence[Candidate],
    options: ConversionRequest,
    defaults: ConversionRequest = NOTHING,
    store: Store | None = None,
    *,
    queued: Collection[Path] = (),
    repacks: bool = False,
    moves_archives: bool = False,
    states: Callable[[Title, ConversionRequest], Standing] = standing_of,
    check: Callable[[], None] = lambda: None,
) -> Batch:
    """Decide what becomes of each title: its settings and the result's name, or the reason to leave it out.

    `options` hold for all titles, over the settings of each and the `defaults` of the settings file. `queued` are the
    paths that the queue works on. Packed images are left alone unless the user named the file, a format or other
    settings, or with `repacks`. An archive goes to the trash only with `moves_archives`. `states` gives the state of a
    title under a request: one that is not whole, or that nothing plays, is left out unless the user named it, and an
    original that is not whole stays unless the request accepts that too (Safety rule 5). The order in which titles get
    their names is that of their paths, whatever the order of `candidates`, so all clients decide alike. `check` is
    called for each title and may raise to stop. It asks disks, which may take long.
    """
    stats = stats_of(each.title for each in candidates)
    known = Known(store, stats)
    in_order = sorted(candidates, key=lambda each: natural_key(str(each.title.path)))
    copies = Copies((each.title for each in in_order), stats, known)
    stems = told_apart(in_order, options)
    planner = _Planner(
        options, defaults, stats, known, copies, queued, OutputNames(), stems, repacks, moves_archives, states
    )
    rows: dict[int, PlannedTitle] = {}
    for each in in_order:
        check()
        row = rows[id(each)] = planner.plan(each)
        if row.is_converted and row.output_path is not None:
            planner.names.add(row.output_path)
            copies.note(each.title)
    ordered = tuple(rows[id(each)] for each in candidates)
    if any(row.is_converted and row.title.disc.disc_number is not None for row in ordered):
        from discpress.engine.convert.batch.families import with_missing_discs  # noqa: PLC0415 - for games of several

        ordered = with_missing_discs(ordered)
    return Batch(ordered, disk_spaces(ordered, stats))


@dataclass(slots=True)
class _Planner:
    """Decides title by title, in the order of the reasons in `Skip`."""

    options: ConversionRequest
    defaults: ConversionRequest
    stats: dict[Path, FileStat]
    known: Known
    copies: Copies
    queued: Collection[Path]
    names: OutputNames
    stems: dict[Path, str]
    repacks: bool
    moves_archives: bool
    states: Callable[[Title, ConversionRequest], Standing]
    disks: dict[Path, tuple[int, str]] = field(default_factory=dict)
    shared: SharedFiles = field(default_factory=SharedFiles)

    def plan(self, each: Candidate) -> PlannedTitle:
        """Return the row of a title."""
        title = each.title
        own = each.request or title.overrides
        request = self._accepted(each, self._request(title, own))
        fault = title.known_fault
        keeps = fault is not None and fault.is_sick and not request.accept_incomplete
        row = PlannedTitle(title, request, keeps_source=keeps, device=self.stats[title.file_path].device)
        try:
            standing = self.states(title, row.request)
            row = replace(row, state=standing.state)
            self._look_at_title(each, standing)
            row = self._forced(row, each)
            choice = self._resolve(each, row.request)
            row = self._resolved(row, each, standing, choice)
            # Its own estimate may be for other settings.
            standing = self.states(replace(title, estimate=row.estimate), row.request)
            row = replace(row, state=standing.state)
            self._look_at_result(row, each, standing, is_asked=self._is_asked(each))
            row = self._settled(row, each)
        except LeftOut as out:
            state = STATES.get(out.skip, row.state)
            return replace(row, skip=out.skip, reason=str(out), obstacle=out.obstacle, copy_of=out.copy_of, state=state)
        return row

    def _request(self, title: Title, own: ConversionRequest | None) -> ConversionRequest:
        request = form_of_title(title, merge_requests(self.options, own, self.defaults, title.system))
        if title.is_archived and not self.moves_archives:
            request = replace(request, trash_source=False)
        return request

    def _forced(self, row: PlannedTitle, each: Candidate) -> PlannedTitle:
        """Return the row with the request to convert a disc that the target does not play, if the user insists."""
        is_forced = each.is_named and self.options.on_conflict is OnConflict.OVERWRITE
        if not is_forced or plays_system(row.request, row.title.system):
            return row
        return replace(row, request=replace(row.request, any_system=True))

    def _accepted(self, each: Candidate, request: ConversionRequest) -> ConversionRequest:
        """Return a request that accepts an image that is not whole only if the user named this very file."""
        return request if each.is_named else replace(request, accept_incomplete=False)

    def _look_at_title(self, each: Candidate, standing: Standing) -> None:
        """Leave out a title whatever it would become."""
        title = each.title
        fault = title.known_fault
        if fault in {Fault.CUT_SHORT, Fault.SPLIT_PART} and not each.is_named:
            raise LeftOut(Skip(fault), standing.reason)
        spec = None if title.format is None else spec_of(title.format)
        is_other = spec is not None and not spec.is_read
        if fault is Fault.CUT_SHORT and spec is not None and spec.kind is Kind.SHEET and title.tracks is None:
            raise LeftOut(Skip.UNREAD, standing.reason)  # unlike an ISO that ends early, it cannot be opened
        if is_other or fault not in {None, Fault.NO_DISC, Fault.CUT_SHORT}:
            is_told = fault in {Fault.DAMAGED, Fault.OTHER}
            raise LeftOut(Skip(str(fault)) if is_told else Skip.OTHER if is_other else Skip.UNREAD, standing.reason)
        if (standing.state is State.WORKING and not each.is_named) or title.path in self.queued:
            raise LeftOut(Skip.QUEUED, "is in the queue already")
        if standing.state is State.DAMAGED and not each.is_named:
            raise LeftOut(Skip.DAMAGED, standing.reason)

    def _is_asked(self, each: Candidate) -> bool:
        """Return whether the user asked to convert a title even if it is packed."""
        return each.is_named or has_own_form(each) or self.options.has_format or self.repacks

    def _resolve(self, each: Candidate, request: ConversionRequest) -> ChosenSettings:
        title, suffix_format = each.title, format_of_suffix(self.options.output_path)
        try:
            name = display_name(title.path.name)
            choice = resolve_settings(
                name, title.original_bytes, title.system, request, suffix_format=suffix_format, tracks=title.tracks
            )
        except DiscpressError as error:
            if title.is_packed and not self._is_asked(each):
                raise LeftOut(*packed_skip(title, self.states(title, request))) from error
            if isinstance(error, WrongSystemError) and not each.is_named:
                raise LeftOut(Skip.WRONG_SYSTEM, error.reason) from error
            if isinstance(error, UnplayedDiscError) and not each.is_named:
                raise LeftOut(Skip.NO_PLAYER, error.reason) from error
            raise LeftOut(Skip.SETTING, str(error)) from error
        if self._is_asked(each) and (why := why_not_made(title, choice.settings.format)):
            raise LeftOut(Skip.SETTING if each.is_named else Skip.NO_PLAYER, why)
        return choice

    def _resolved(self, row: PlannedTitle, each: Candidate, standing: Standing, choice: ChosenSettings) -> PlannedTitle:
        title, settings = row.title, choice.settings
        folder = each.output_folder or self.options.output_folder
        stem = self.stems.get(title.path)
        output_path = result_path(
            title.named_path if stem is None else title.named_path.with_name(f"{stem}.iso"),
            title.file_path,
            settings.format,
            self.options.output_path,
            folder,
            replaces_source=row.request.replaces_source,
            game_id=listed_id(settings, title.disc.serial),
        )
        estimate = self.known.estimate(title, settings)
        stays = why_source_stays(title, settings.format)
        remarks = warnings_about(title, standing, estimate, self.options, row.request, why_it_stays=stays)
        is_useless = estimate is not None and useless_standing(title, estimate) is not None
        # Nobody knows yet whether the result is larger than the archive: the conversion finds that out.
        is_unsure = title.is_archived and not title.is_packed and estimate is None
        is_unsure = is_unsure and not (each.is_named or self.options.force)
        return replace(
            row,
            settings=settings,
            request=replace(row.request, skip_useless=row.request.skip_useless or is_unsure),
            index_shift=choice.index_shift,
            output_path=output_path,
            own_path=None if stem is None or folder is None else output_path,
            estimate=estimate,
            is_useless=is_useless,
            keeps_source=row.keeps_source or bool(stays),
            warnings=(*choice.notices, *remarks),
        )

    def _look_at_result(self, row: PlannedTitle, each: Candidate, standing: Standing, *, is_asked: bool) -> None:
        """Leave out a title that needs no conversion, unless the user named it."""
        title, settings, output_path = row.title, row.settings, row.output_path
        assert settings is not None
        assert output_path is not None
        if each.is_named:
            return
        if str(standing.state) in NEVER_UNNAMED:
            raise LeftOut(Skip(standing.state), standing.reason)
        if standing.state is State.WONT_LOAD and not is_asked:
            raise LeftOut(*packed_skip(title, standing))
        has_own = has_own_form(each)
        if title.format is settings.format and not title.is_archived and not has_own:
            raise LeftOut(Skip.SAME_FORMAT, f"is {settings.format.upper()} already")
        if title.is_packed and not is_asked:
            raise LeftOut(*packed_skip(title, standing))
        if self._is_done(title, output_path):
            raise LeftOut(Skip.DONE, f"already done: {display_name(output_path.name)} is its verified result")
        has_folder = (each.output_folder or self.options.output_folder) is not None
        is_again = has_own or self.repacks or has_folder or self.options.on_conflict is OnConflict.OVERWRITE
        if standing.state in {State.DONE, State.HAS_COPY} and not is_again:
            skip = Skip.DONE if standing.state is State.DONE else Skip.COPY
            raise LeftOut(skip, standing.reason, copy_of=standing.other_path)
        first = self.copies.same_file(title)
        if first is not None:
            raise LeftOut(Skip.COPY, f"is the same file as {display_beside(first, title.path)}", copy_of=first)
        first = self.copies.noted_disc(title)
        if first is None and not has_folder:
            # In a folder of its own, a result is wanted even if the same disc is packed elsewhere.
            first = self.copies.packed_disc(title, output_path, settings.format)
        if first is not None:
            raise LeftOut(Skip.COPY, f"holds the same disc as {display_beside(first, title.path)}", copy_of=first)
        useless = None if row.estimate is None else useless_standing(title, row.estimate)
        if useless is not None and not self.options.force:
            raise LeftOut(Skip(useless.state), useless.reason)

    def _is_done(self, title: Title, output_path: Path) -> bool:
        """Return whether the result exists and is proven by the digests of both files, as they are now."""
        if self.options.on_conflict is OnConflict.OVERWRITE:
            return False
        digest = self.known.digest(title)
        return bool(digest) and self.known.digest_at(output_path) == digest

    def _settled(self, row: PlannedTitle, each: Candidate) -> PlannedTitle:
        """Return the row with the name that the result gets, and the disk it is written to."""
        title = row.title
        assert row.output_path is not None
        try:
            refuse_reserved(row.output_path)
            request = row.request
            settled = self.names.settle(
                row.output_path,
                title.file_paths,
                self.options.on_conflict,
                replaces_source=request.replaces_source and request.trash_source,
            )
        except DiscpressError as error:
            raise LeftOut(Skip.NAME, str(error)) from error
        obstacle = settled.obstacle
        if obstacle is not None and settled.is_refused:
            if obstacle.clash is Clash.SOURCE and not each.is_named:
                raise LeftOut(Skip.SAME_FORMAT, "the result would have the name of the original", obstacle)
            raise LeftOut(Skip.EXISTS, f"{display_name(row.output_path.name)}: {obstacle.problem}", obstacle)
        if row.request.trash_source and self.stats[title.file_path].is_link:
            raise LeftOut(Skip.LINK, "is a link: an original that is moved to the trash must be the file itself")
        warnings = row.warnings
        if row.trashes_source and (kept := self.shared.warning(title)):
            row, warnings = replace(row, keeps_source=True), (*warnings, kept)
        if obstacle is not None:
            warnings = (*warnings, warning_about_name(obstacle, settled.path))
        device, mount = self._disk(settled.path.parent)
        row = replace(row, output_path=settled.path, obstacle=obstacle, warnings=warnings)
        return replace(row, output_device=device, output_mount=mount)

    def _disk(self, folder: Path) -> tuple[int, str]:
        """Return the device and the mount point of a folder of results; most rows of a batch share one."""
        if folder not in self.disks:
            self.disks[folder] = device_below(folder), mount_name(folder)
        return self.disks[folder]

"""Checks of settings and discs against a target."""

from discpress.engine.errors import SettingError, UnplayedDiscError, WrongSystemError
from discpress.engine.formats import DEFAULT_BLOCK_SIZE, ImageFormat, Method, Settings
from discpress.engine.names import listed
from discpress.engine.systems import SYSTEMS, System, system_from
from discpress.engine.targets import ANY, ARCHIVE, OPL_BLOCKS, PS2_DISCS, PSP_DISCS, TARGETS, Target


def check_settings(
    settings: Settings, target: Target, original_bytes: int, index_shift: int, name: str, system: str = ""
) -> list[str]:
    """Check the settings for one image, called `name` in messages, against a target and return warnings.

    The target `any` refuses nothing. Instead it warns if other loaders of discs of this system (`ps2`; empty if
    unknown) would refuse the settings. SettingError with the reason and the nearest setting that the target loads.
    """
    if settings.is_plain:
        return []
    if target.name == ANY:
        return _warnings_for_any(settings, system)
    problem = _problem(settings, target, original_bytes, index_shift)
    if problem is not None:
        message, advice = problem
        raise SettingError(f"{name}: {message}", hint=f"{advice}, or --target any to write it anyway")
    doubt = target.block_doubt(settings.block_size)
    return [f"block size {settings.block_size} may fail: {doubt}; use -b {target.safe_block_size}"] if doubt else []


def _problem(settings: Settings, target: Target, original_bytes: int, index_shift: int) -> tuple[str, str] | None:
    name = settings.format.upper()
    if settings.format not in target.formats:
        reason = target.reason_against(settings.format)
        return f"target {target.name}: {name} cannot be loaded: {reason}", f"use -f {target.default_format}"
    if settings.block_size > target.max_block_size:
        reason = target.block_reason or f"{target.label} {target.does('read')} blocks up to {target.max_block_size}"
        return (
            f"target {target.name}: block size {settings.block_size} cannot be loaded: {reason}",
            f"use -b {target.max_block_size}",
        )
    loaded = target.cd_codecs if settings.is_cd else target.hunk_codecs
    unread = [each for each in settings.methods if each not in loaded]
    if unread:
        reason = target.cd_codec_reason if settings.is_cd else target.codec_reason
        return (
            f"target {target.name}: {unread[0]} hunks cannot be loaded: {reason}",
            "leave out -m" if settings.is_cd else f"use -m {target.default_method}",
        )
    if index_shift > target.max_shift:
        most = 1 << target.max_shift
        return (
            f"target {target.name}: alignment {1 << index_shift} cannot be loaded: the largest is {most}",
            f"use --align {most}",
        )
    if target.max_bytes is not None and original_bytes > target.max_bytes:
        return (
            f"target {target.name}: an image of {original_bytes} bytes cannot be loaded: "
            f"{target.label} {target.does('read')} up to {target.max_bytes}",
            "choose another target",
        )
    return None


def _warnings_for_any(settings: Settings, system: str) -> list[str]:
    # Any other disc, or an unidentified one, may be for either.
    known = system_from(system)
    may_be_ps2 = known not in PSP_DISCS and SYSTEMS[known].has_player
    may_be_psp = known not in PS2_DISCS and SYSTEMS[known].has_player
    warnings = []
    if settings.block_size != DEFAULT_BLOCK_SIZE and settings.format is ImageFormat.ZSO and may_be_ps2:
        warnings.append(f"block size {settings.block_size}: no PS2 can read this file ({OPL_BLOCKS})")
    if settings.block_size != DEFAULT_BLOCK_SIZE and settings.format is ImageFormat.CSO and may_be_psp:
        warnings.append(f"block size {settings.block_size}: PSPs with older firmware read blocks of 2048 only")
    if settings.is_cd:
        warnings += _cd_warnings(settings, known)
    elif settings.format is ImageFormat.CHD and settings.methods != (Method.ZLIB,) and may_be_ps2:
        warnings.append(f"{' and '.join(settings.methods)} hunks: AetherSX2 and NetherSX2 load zlib only")
    if settings.alignment is not None and settings.alignment > 1 << 11 and may_be_ps2:
        warnings.append(f"alignment {settings.alignment}: more than 2048 crashes a PS2")
    return warnings


def _cd_warnings(settings: Settings, system: System) -> list[str]:
    """Return warnings about codecs of a CD that some players of a system do not load."""
    players = [each for each in TARGETS.values() if system in each.systems and ImageFormat.CHD in each.formats]
    found = []
    for method in settings.methods:
        labels = [each.label for each in players if method not in each.cd_codecs]
        if labels:
            found.append(f"{method} hunks: {listed(labels, 'and')} cannot load them")
    return found


def check_tracks(settings: Settings, target: Target, tracks: int, name: str, gaps: str = "") -> None:
    """Raise UnplayedDiscError if a target does not play all of so many tracks of a disc called `name` from its CHD.

    An image of another kind has none. `gaps` is what a target that refuses gaps and subcode does not load, as a clause
    such as `no CHD with subcode`; empty if there is nothing of that kind.
    """
    label = target.label
    hint = "use --target any to write it anyway"
    if settings.is_cd and target.first_track_only and tracks > 1:
        reason = f"{label} {target.does('read')} track 1 only, so the game lacks the other {tracks - 1}"
    elif settings.is_cd and target.refuses_gaps and gaps:
        reason = f"{label} {target.does('load')} {gaps}; it loads the GDI or CUE sheet"
        hint = "use -f gdi or -f cue, or --target any to write the CHD anyway"
    elif settings.format is ImageFormat.CHD and target.plays_tracks and not settings.is_cd:
        reason = f"{label} {target.does('load')} the CHD of a CD, and this image has no tracks"
        hint = "name the CUE sheet of the disc, or use --target any to write it anyway"
    else:
        return
    raise UnplayedDiscError(f"{name}: target {target.name}: {reason}", reason=reason, hint=hint)


def wrong_system(target: Target, system: str) -> str:
    """Return the reason why a target does not play discs of a system."""
    played = " and ".join(each.label for each in System if each in target.systems)
    return f"This is a {SYSTEMS[system_from(system)].label} disc; {target.label} {target.verb} {played} discs only."


def check_system(target: Target, system: str, name: str) -> list[str]:
    """Check that a target plays discs of a system and return warnings about an image called `name`.

    A disc of no known console may be for any. WrongSystemError with the reason and the target that plays such discs.
    """
    known = system_from(system)
    if not target.plays(known):
        better = SYSTEMS[known].target
        reason = wrong_system(target, system)
        raise WrongSystemError(
            f"{name}: {reason}",
            reason=reason,
            hint=f"use --target {better}, or --force to convert this disc for {target.label} anyway",
        )
    if target.systems and known not in target.systems:
        played = " and ".join(each.label for each in System if each in target.systems)
        return [f"no known console: {target.label} {target.verb} {played} discs only"]
    return []


def player_warning(target: Target, system: str, image_format: ImageFormat) -> str:
    """Return a warning if no known program loads a disc of this system in this form; empty if one may.

    The target `archive` gets none, because nothing has to load an archive.
    """
    spec = SYSTEMS[system_from(system)]
    is_played = spec.has_player or (spec.plays_chd and image_format is ImageFormat.CHD)
    if is_played or image_format is ImageFormat.ISO or target.name == ARCHIVE:
        return ""
    return f"{spec.label} disc: no known program loads a {image_format.upper()} of it; {spec.advice}"

"""Everything known of a title, as lines: short beside the table, whole on a screen of its own."""

from collections.abc import Sequence

from engine.errors import DiscpressError
from engine.formats import ImageFormat
from engine.images.findings import Finding, Severity
from engine.library.model import State, Title
from engine.names import display_name
from engine.units import format_duration, format_size
from tui.choosing import describe_settings
from tui.library_view import LibraryView, margin_of, shown_name, system_label
from tui.widgets.palette import Line, wrapped

_LABEL = 10
_SEVERITY_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "warn"}


def _row(label: str, text: str, style: str = "normal") -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), (text, style)]


def brief(view: LibraryView, title: Title, width: int) -> list[Line]:
    """Return what the pane beside the table shows."""
    lines: list[Line] = [*wrapped(shown_name(title), width, "head"), []]
    lines += _identity(title)
    lines += [[], *_file(title, width)]
    lines += [[], *_estimate(view, title, width)]
    if title.error:
        lines += [[], *wrapped(display_name(title.error), width, "bad")]
    return lines


def whole(view: LibraryView, title: Title, findings: Sequence[Finding] | None, target: str, width: int) -> list[Line]:
    """Return the screen of one title; `findings` are the doctor's for the target, None while it looks."""
    lines = brief(view, title, width)
    lines += [[], *_header(title)]
    lines += [[], [(f"The doctor, for {target}", "head")]]
    if findings is None:
        return [*lines, [("looking ...", "dim")]]
    if not findings:
        lines.append([("nothing found; d decodes every block", "good")])
    for finding in findings:
        style = _SEVERITY_STYLES.get(finding.level, "normal")
        lines += wrapped(f"{finding.level}: {display_name(finding.message)}", width, style)
    return lines


def _identity(title: Title) -> list[Line]:
    rows = [("system", system_label(title)), ("serial", title.serial), ("region", title.region)]
    if title.disc_number:
        rows.append(("disc", str(title.disc_number)))
    return [_row(label, text or "not known") for label, text in rows]


def _file(title: Title, width: int) -> list[Line]:
    lines = [
        _row("format", str(title.format or "not recognised").upper()),
        _row("size", f"{format_size(title.file_bytes)} ({title.file_bytes:,} bytes)"),
    ]
    if title.original_bytes and title.original_bytes != title.file_bytes:
        lines.append(_row("decoded", f"{format_size(title.original_bytes)}, ratio {title.ratio:.3f}"))
    if title.links > 1:
        lines.append(_row("links", f"{title.links} names: removing one frees nothing"))
    return [*lines, *wrapped(display_name(title.path), width, "dim")]


def _header(title: Title) -> list[Line]:
    lines: list[Line] = [[("The file's header", "head")]]
    if not title.block_size:
        return [*lines, [("an image without blocks and index", "normal")]]
    blocks = -(-title.original_bytes // title.block_size)
    lines.append(_row("version", str(title.version)))
    lines.append(_row("blocks", f"{blocks:,} of {title.block_size} bytes"))
    lines.append(_row("shift", f"{title.index_shift}: blocks start at multiples of {1 << title.index_shift}"))
    return lines


def _estimate(view: LibraryView, title: Title, width: int) -> list[Line]:
    if title.state is State.PACKED and title.estimate is None:
        return [[("packed already", "dim")]]
    try:
        wish = "own settings" if title.overrides else "default settings"
        settings = view.planned(title)
    except DiscpressError as error:
        return wrapped(str(error), width, "bad")
    if settings is None:
        return [[("nothing to convert", "dim")]]
    what = "ISO" if settings.format is ImageFormat.ISO else f"{settings.format.upper()} {describe_settings(settings)}"
    lines = [_row("becomes", f"{what} ({wish})"), _row("target", settings.target)]
    estimate = title.estimate
    if estimate is None:
        return [*lines, [("estimate to come", "dim")]]
    margin = margin_of(estimate)
    near = f" {view.signs.margin}{margin} %" if margin else " exactly"
    lines.append(_row("estimate", f"{format_size(estimate.packed_bytes)}{near}"))
    saving = title.saving_bytes or 0
    lines.append(_row("saving", f"{format_size(saving)}, {title.saving_percent or 0:.1f} %"))
    if estimate.seconds:
        lines.append(_row("time", f"about {format_duration(estimate.seconds)}"))
    return [*lines, *wrapped(f"better leave it: {estimate.reason}", width, "warn")] if estimate.reason else lines

"""Reports of `discpress deploy`: rows of the plan, results, and totals."""

import re
from collections import Counter
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.deploy.copying import Copied
from discpress.engine.deploy.manifest import Entry
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow
from discpress.engine.errors import (
    ConflictError,
    DamagedImageError,
    DiscpressError,
    FileLimitError,
    MissingPackageError,
    SplitImageError,
    StorageError,
    UnsupportedImageError,
)
from discpress.engine.names import display_name
from discpress.engine.states import SICK
from discpress.engine.units import format_count, format_size

_ERRORS: dict[str, type[DiscpressError]] = {
    "conflict": ConflictError,
    "file-limit": FileLimitError,
    **{str(state): DamagedImageError for state in SICK},
    **{each.code: each for each in (MissingPackageError, SplitImageError, StorageError)},
}
_WORDS = {
    Action.COPY: "would be copied",
    Action.CONVERT: "would be converted",
    Action.CHANGED: "would be replaced",
    Action.SAME: "is there already",
}
_DONE = {Action.COPY: "copied", Action.CONVERT: "converted", Action.CHANGED: "replaced"}


class DeployReports:
    """Prints what becomes of each title, and counts it."""

    def __init__(self, printer: Printer, root: Path) -> None:
        self._printer = printer
        self._root = root
        self._counts: Counter[str] = Counter()
        self._bytes = 0
        self._notices: set[str] = set()

    def plan(self, plan: DeployPlan) -> None:
        """Report all titles that are not refused, and the free space: a dry run."""
        for row in plan.rows:
            if row.action is Action.REFUSED:
                continue
            size = f", {format_size(row.write_bytes)}" if row.is_written else ""
            why = f" ({row.reason})" if row.reason else ""
            text = f"{display_name(row.title.path)} -> {_place(row)}: {_WORDS[row.action]}{why}{size}"
            self._printer.event("deploy-plan", {**_facts(row), "write_bytes": row.write_bytes}, text)
        device = plan.device
        facts = {
            "device": str(device.root),
            "kind": str(plan.kind),
            "actions": {str(action): count for action, count in plan.counts.items()},
            "write_bytes": plan.write_bytes,
            "free_bytes": device.free_bytes if device.has_size else None,
            "after_bytes": plan.after_bytes if device.has_size else None,
            "missing_bytes": plan.missing_bytes,
        }
        counts = plan.counts
        parts = [f"{counts[action]} {word}" for action, word in _TOTAL_WORDS.items() if counts[action]]
        space = (
            f"NOT ENOUGH SPACE: {format_size(plan.missing_bytes)} more are needed"
            if plan.missing_bytes
            else f"about {format_size(plan.after_bytes)} after"
        )
        text = f"{', '.join(parts) or 'nothing to do'}: {format_size(plan.write_bytes)} to write\n"
        free = f"{format_size(device.free_bytes)} free now, {space}" if device.has_size else "does not report its space"
        text += f"  {display_name(device.root)}: {free}"
        self._printer.event("deploy-total", facts, text)

    def refused(self, row: DeployRow, *, is_error: bool) -> int:
        """Report a title that does not go to the device; return its exit code."""
        name = display_name(row.title.path)
        if not is_error:
            self._counts["skipped"] += 1
            why = f"{row.reason}; {row.hint}" if row.hint else row.reason
            facts = {"input": str(row.title.path), "output": None, "code": row.code, "message": why}
            self._printer.event("skipped", facts, f"{name}: skipped: {why}")
            return 0
        self._counts["refused"] += 1
        error = _ERRORS.get(row.code, UnsupportedImageError)(f"{name}: {row.reason}", hint=row.hint)
        self._printer.error(error, row.title.path)
        return error.exit_code

    def same(self, row: DeployRow, *, is_checked: bool, is_only: bool) -> None:
        """Report a title that is on the device already; to people if it was read back, or is the only one."""
        self._counts["there already"] += 1
        text = f"{display_name(row.title.path)}: {_place(row)} {'is whole' if is_checked else 'is there already'}"
        text = text if is_checked or is_only else ""
        self._printer.event("deployed", {**_facts(row), "bytes": 0, "checked": is_checked}, text)

    def checked_alone(self, entry: Entry) -> None:
        """Report a copy that was read back although its title is not there."""
        self._counts["read back"] += 1
        facts = {"input": entry.source_path, "paths": [each.path for each in entry.files]}
        self._printer.event("deploy-checked", facts, "")

    def written(self, row: DeployRow, copied: Copied) -> None:
        """Report a title that was written and proven."""
        for notice in copied.notices:
            if notice not in self._notices:
                self._notices.add(notice)
                self._printer.notice(notice, self._root)
        size_bytes = sum(each.size_bytes for each in copied.files)
        self._counts[_DONE[row.action]] += 1
        self._bytes += size_bytes
        files = [
            {"path": str(self._root / each.path), "bytes": each.size_bytes, "xxh3": each.xxh3} for each in copied.files
        ]
        facts = {**_facts(row), "output_files": files, "bytes": size_bytes, "checked": True}
        why = f" (it {row.reason})" if row.reason else ""
        text = f"{display_name(row.title.path)} -> {_place(row)}: {_DONE[row.action]}{why}, "
        self._printer.event("deployed", facts, f"{text}{format_size(size_bytes)}, proven")

    def failed(self) -> None:
        """Count a title that failed."""
        self._counts["failed"] += 1

    def total(self, plan: DeployPlan) -> None:
        """Report the counts of a run on several titles."""
        if len(plan.rows) > 1:
            counts = ", ".join(f"{count} {word}" for word, count in self._counts.items())
            self._printer.lines(f"{counts}; {format_size(self._bytes)} written to {display_name(self._root)}")


_HINTS = {
    "space": "free some space on the device, or deploy fewer titles",
    "file-limit": "choose a format of smaller files with -f, or a device with another file system",
    "conflict": "move it away, then repeat the command",
    "part": "wait for the other run to finish, or move the file away",
    "storage": "check whether the device is write-protected, failing or removed, then repeat the command",
}
"""Ways out of failures on a device, in place of those that name another output."""


def for_device(error: DiscpressError) -> DiscpressError:
    """Return an error with a hint that fits a device: `-o`, `-O` and other folders are for other commands."""
    if re.search(r" -[oO]\b|another folder", error.hint):
        error.hint = _HINTS.get(error.code, "")
    return error


_TOTAL_WORDS = {
    Action.COPY: "to copy",
    Action.CONVERT: "to convert",
    Action.CHANGED: "to replace",
    Action.SAME: "there already",
    Action.REFUSED: "left out",
}


def _place(row: DeployRow) -> str:
    first, *others = row.placement.paths
    more = f" and {format_count(len(others), 'file')}" if others else ""
    return f"{display_name(str(first))}{more}"


def _facts(row: DeployRow) -> dict[str, object]:
    image_format = row.placement.format
    return {
        "input": str(row.title.path),
        "files": [str(path) for path in row.title.file_paths],
        "action": str(row.action),
        "paths": [str(path) for path in row.placement.paths],
        "format": None if image_format is None else str(image_format),
        "replaces": [each.path for each in row.replaces],
        "reason": row.reason,
    }

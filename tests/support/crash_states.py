"""What a disk may hold after a power loss: every state that POSIX lets a list of calls leave.

A `Disk` takes the calls that a `CallRecorder` saw, up to a point. `crash_states` then yields folders as a machine may
find them when it comes up again:

- the bytes of a file that were not synced: each write is there, missing, zeros, or there up to some 512-byte sector;
- names that were not synced: of each name any state that it has had since its folder's last fsync;
- a rename into another folder: neither name changed, both are there, or done: the old one never goes first.

What was synced is there. The order of calls means nothing else.
"""

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from command_line import write_old

ROOT = 0
SECTOR = 512
Slot: TypeAlias = tuple[int, str]
"""A name: the folder's number and the name in it."""
DataStep: TypeAlias = tuple[str, int, bytes]
"""`write` or `cut`, the offset, and the bytes."""


@dataclass(eq=False, slots=True)
class NameStep:
    """One name set to a file, or to nothing."""

    slot: Slot
    node: int | None
    after: "NameStep | None" = None
    """What is on the disk when this is: the new name of a rename."""


@dataclass(slots=True)
class Disk:
    """A folder's files by number: what is on the disk, and what is only on its way there."""

    data: dict[int, bytes] = field(default_factory=dict)
    folders: set[int] = field(default_factory=lambda: {ROOT})
    names: dict[Slot, int] = field(default_factory=dict)
    pending_data: dict[int, list[DataStep]] = field(default_factory=dict)
    pending_names: list[NameStep] = field(default_factory=list)
    times: dict[int, int] = field(default_factory=dict)
    """Time of change of a file, ns since the epoch, as of its last sync."""

    def sync(self, node: int) -> None:
        """Put on the disk what an fsync of the file or folder puts there."""
        if node in self.folders:
            self._settle([step for step in self.pending_names if step.slot[0] == node])
        else:
            self.data[node] = written(self.data[node], self.pending_data.pop(node, []))

    def _settle(self, steps: list[NameStep]) -> None:
        for step in steps:
            if step not in self.pending_names:
                continue
            if step.after in self.pending_names:
                known = self.pending_names[: self.pending_names.index(step.after) + 1]
                self._settle([each for each in known if each.slot == step.after.slot])
            put(self.names, step)
            self.pending_names.remove(step)


def put(names: dict[Slot, int], step: NameStep) -> None:
    """Set a name."""
    if step.node is None:
        names.pop(step.slot, None)
    else:
        names[step.slot] = step.node


def written(data: bytes, steps: list[DataStep]) -> bytes:
    """Return the bytes of a file after writes and cuts."""
    for kind, offset, piece in steps:
        before = data[:offset].ljust(offset, b"\0")
        data = before if kind == "cut" else before + piece + data[offset + len(piece) :]
    return data


@dataclass(frozen=True, slots=True)
class CrashState:
    """A folder as it may be found after the power came back."""

    files: Mapping[str, bytes]
    """Path below the top -> bytes; what no name leads to is gone."""
    nodes: Mapping[str, int]
    """Path below the top -> the file's number, one for all its names."""
    folders: tuple[str, ...]
    """Folders below the top."""
    times: Mapping[int, int] = field(default_factory=dict)
    """Time of change by the file's number, ns since the epoch; an hour ago for others."""

    def write(self, top: Path) -> Path:
        """Make it real."""
        top.mkdir()
        for name in self.folders:
            (top / name).mkdir(parents=True, exist_ok=True)
        first: dict[int, str] = {}
        for name, data in self.files.items():
            other = first.setdefault(self.nodes[name], name)
            if other == name:
                write_old(top / name, data)
                if (mtime_ns := self.times.get(self.nodes[name])) is not None:
                    os.utime(top / name, ns=(mtime_ns, mtime_ns))
            else:
                (top / name).hardlink_to(top / other)
        return top


def crash_states(disk: Disk, chance: random.Random, randoms: int) -> Iterator[CrashState]:
    """Yield the states that a power loss may leave: the extremes, each thing alone lost or kept, and random ones."""
    seen = set()
    for counts, data in _choices(disk, chance, randoms):
        possible = _possible(disk, counts)
        key = (tuple(sorted(possible.items())), tuple((node, *how) for node, how in data.items()))
        if key not in seen:
            seen.add(key)
            yield _state(disk, possible, data, chance)


def _choices(disk: Disk, chance: random.Random, randoms: int) -> Iterator[tuple[dict[Slot, int], dict[int, list[str]]]]:
    """Yield how many of each name's steps are on the disk, and what became of each write to each file."""
    most: dict[Slot, int] = {}
    for step in disk.pending_names:
        most[step.slot] = most.get(step.slot, 0) + 1
    none = dict.fromkeys(most, 0)
    names = [none, most, *({**none, slot: count} for slot, count in most.items())]
    names += [{**most, slot: fewer} for slot, count in most.items() for fewer in range(count)]
    sizes = {node: len(steps) for node, steps in disk.pending_data.items()}
    alike = [{node: [how] * size for node, size in sizes.items()} for how in ("", "all", "zero", "torn")]
    yield from ((counts, data) for counts in names for data in alike)
    for node, size in sizes.items():
        for lost in range(size):
            data = dict(alike[1])
            data[node] = ["" if number == lost else "all" for number in range(size)]
            yield most, data
    for _ in range(randoms):
        data = {
            node: [chance.choice(("", "all", "all", "zero", "torn")) for _ in range(size)]
            for node, size in sizes.items()
        }
        yield {slot: chance.randint(0, count) for slot, count in most.items()}, data


def _applied(disk: Disk, counts: Mapping[Slot, int]) -> list[NameStep]:
    left = dict(counts)
    done = []
    for step in disk.pending_names:
        if left[step.slot] > 0:
            left[step.slot] -= 1
            done.append(step)
    return done


def _possible(disk: Disk, counts: dict[Slot, int]) -> dict[Slot, int]:
    """Take back removals by a rename whose new name is not there."""
    counts = dict(counts)
    while True:
        done = _applied(disk, counts)
        early = [step for step in done if step.after in disk.pending_names and step.after not in done]
        if not early:
            return counts
        for step in early:
            before = disk.pending_names[: disk.pending_names.index(step)]
            counts[step.slot] = min(counts[step.slot], sum(each.slot == step.slot for each in before))


def _state(disk: Disk, counts: dict[Slot, int], data: Mapping[int, list[str]], chance: random.Random) -> CrashState:
    names = dict(disk.names)
    for step in _applied(disk, counts):
        put(names, step)
    files: dict[str, bytes] = {}
    nodes: dict[str, int] = {}
    folders: list[str] = []
    contents = {node: _survived(disk, node, data.get(node, []), chance) for node in disk.data}

    def walk(folder: int, prefix: str) -> None:
        for (owner, name), node in names.items():
            if owner != folder:
                continue
            if node in disk.folders:
                folders.append(f"{prefix}{name}")
                walk(node, f"{prefix}{name}/")
            else:
                files[f"{prefix}{name}"], nodes[f"{prefix}{name}"] = contents[node], node

    walk(ROOT, "")
    return CrashState(files, nodes, tuple(folders), disk.times)


def _survived(disk: Disk, node: int, choices: list[str], chance: random.Random) -> bytes:
    data = disk.data[node]
    for (kind, offset, piece), how in zip(disk.pending_data.get(node, []), choices, strict=True):
        if how == "all" or (how and kind == "cut"):
            data = written(data, [(kind, offset, piece)])
        elif how == "zero":  # the file has grown, its bytes never came
            data = data.ljust(offset + len(piece), b"\0")
        elif how == "torn":
            keep = chance.randint(0, len(piece) // SECTOR) * SECTOR
            data = written(data, [(kind, offset, piece[:keep])])
    return data

"""The names of split images: which files of a folder form one image, by their names alone.

Game.iso.001, Game.iso.002      also .00, .01 and .000, .001: HJSplit, 7-Zip, split(1) with -d
Game.iso.part1, Game.part2.iso  GSplit, download tools, Nintendo loaders
ul.3F2A9C11.SLUS_203.12.00      OPL and USBExtreme: CRC-32 of the game's name, its serial, the part
Game.wbfs, Game.wbf1            Wii loaders: a file alone has the same name as a first part
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from discpress.engine.images.registry import suffixes_of_read

_NUMBERED = re.compile(r"(?P<stem>.+)\.(?P<number>[0-9]{2,3})", re.DOTALL)
_PART = re.compile(
    r"(?P<stem>.+)\.part(?P<number>[0-9]{1,3})(?P<suffix>\.[A-Za-z0-9]{2,4})?", re.DOTALL | re.IGNORECASE
)
_OPL = re.compile(
    r"ul\.(?P<crc>[0-9A-F]{8})\.(?P<serial>[^/]{1,12})\.(?P<number>[0-9]{2})", re.DOTALL | re.IGNORECASE | re.ASCII
)
_WBFS = re.compile(r"(?P<stem>.+)\.wbf(?P<number>[s1-9])", re.DOTALL | re.IGNORECASE)
_SERIAL = re.compile(r"[A-Z]{4}_[0-9]{3}\.[0-9]{2}", re.IGNORECASE)
"""A whole name like `SLUS_203.12`: the end of a serial is not the number of a part."""
_DEFAULT_SUFFIX = "iso"


@dataclass(frozen=True, slots=True)
class PartName:
    """The name of one part."""

    name: str
    """The file's name."""
    number: int
    """Its number, as written."""
    before: str
    """The text before the number."""
    after: str
    """The text after the number."""
    digits: int
    """The width of the number; 0 if it may have any width."""
    is_certain: bool
    """Whether the name alone shows that the file is a part of an image."""
    whole_name: str
    """A name for the joined image, without the mark of a part."""
    opl_serial: str = ""
    """The serial in a name of OPL, `SLUS_203.12`; empty for other names."""
    opl_crc: int = 0
    """The checksum in a name of OPL."""
    zero: str = ""
    """The text in place of the number 0, of a WBFS; empty for other names."""

    @property
    def is_wbfs(self) -> bool:
        """Whether it is the name of a WBFS: a whole one, or a part."""
        return bool(self.zero)

    def with_number(self, number: int) -> str:
        """Return the name of another part."""
        if self.zero and not number:
            return self.before + self.zero + self.after
        return f"{self.before}{number:0{max(self.digits, 1)}d}{self.after}"


@dataclass(frozen=True, slots=True)
class PartNames:
    """The parts of one image in a folder, by their names."""

    names: tuple[PartName, ...]
    """Their names in order."""

    @property
    def first(self) -> PartName:
        """The name that stands for the image: the first one that is there."""
        return self.names[0]

    @property
    def is_certain(self) -> bool:
        """Whether the names alone show that the files are parts of an image."""
        return self.first.is_certain

    @property
    def start(self) -> int:
        """The number of the first part: 0 or 1."""
        return 0 if self.first.number == 0 or self.first.opl_serial or self.first.is_wbfs else 1

    def missing(self, parts: int = 0) -> list[str]:
        """Return the names of missing parts, of at least `parts` in all."""
        there = {each.number for each in self.names}
        end = max(self.names[-1].number + 1, self.start + parts)
        return [self.first.with_number(number) for number in range(self.start, end) if number not in there]


def read_part_name(name: str) -> PartName | None:
    """Return the parts of a name that may be one of a split image; None for any other name."""
    if found := _WBFS.fullmatch(name):
        return _wbfs_part(found)
    if not name[-1:].isdigit() and ".part" not in name.lower():
        return None  # as for nearly every name
    if found := _OPL.fullmatch(name):
        part = _part_name(found, digits=2, is_certain=True, whole_name=f"{found['serial']}.{_DEFAULT_SUFFIX}")
        return replace(part, opl_serial=found["serial"], opl_crc=int(found["crc"], 16))
    if found := _PART.fullmatch(name):
        suffix = found["suffix"] or ""
        is_image = not suffix or _is_image_suffix(suffix)
        whole_name = found["stem"] + suffix if suffix else _named_image(found["stem"])
        text = found["number"]
        digits = len(text) if text.startswith("0") and len(text) > 1 else 0
        return _part_name(found, digits=digits, is_certain=is_image, whole_name=whole_name)
    found = _NUMBERED.fullmatch(name)
    if found is None or _SERIAL.fullmatch(name):
        return None
    whole_name = _named_image(found["stem"])
    return _part_name(found, digits=len(found["number"]), is_certain=whole_name == found["stem"], whole_name=whole_name)


def _wbfs_part(found: "re.Match[str]") -> PartName:
    name, mark = found.string, found["number"]
    before = name[:-1]
    zero = "S" if before.endswith("F") else "s"
    number = int(mark) if mark.isdigit() else 0
    return PartName(name, number, before, "", 1, is_certain=True, whole_name=before + zero, zero=zero)


def _part_name(found: "re.Match[str]", *, digits: int, is_certain: bool, whole_name: str) -> PartName:
    name = found.string
    before, after = name[: found.start("number")], name[found.end("number") :]
    return PartName(name, int(found["number"]), before, after, digits, is_certain, whole_name)


def _named_image(stem: str) -> str:
    """Return a stem as the name of an image."""
    return stem if _is_image_suffix(stem[stem.rfind(".") :]) else f"{stem}.{_DEFAULT_SUFFIX}"


def _is_image_suffix(suffix: str) -> bool:
    return suffix.lower() in suffixes_of_read()


def group_parts(names: Iterable[str]) -> list[PartNames]:
    """Return the groups of names that may be the parts of one image; each name is in one group at most.

    A name without other parts is a group of its own.
    """
    groups: dict[tuple[str, str, int], dict[int, PartName]] = {}
    groups_of_one = []
    for name in sorted(names):
        part = read_part_name(name)
        if part is None:
            continue
        # `part01` to `part10`, and `part1` to `part10`: a number that fills its width fits both.
        width = part.digits if not _PART.fullmatch(name) else 0
        group = groups.setdefault((part.before, part.after, width), {})
        if group.setdefault(part.number, part) is not part:
            groups_of_one.append(PartNames((part,)))
    found = [PartNames(tuple(group[number] for number in sorted(group))) for group in groups.values()]
    return sorted([*found, *groups_of_one], key=lambda each: each.first.name)

"""The Markdown documents of the repository: links, headings, tables, code blocks and sentences."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
README = PROJECT / "README.md"

_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4,}|\t)[^\n]*\n)+", re.MULTILINE)
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"!?\[([^][]*)\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
_BULLET = re.compile(r"^\s*(?:[-*]|\d+\.) +", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])(?:[\"')*]*) +")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a document."""

    document: Path
    """The document that contains it."""
    target: str
    """What it leads to, as written."""

    def __str__(self) -> str:
        return f"{self.document.relative_to(PROJECT)}: {self.target}"


def tracked_files(*patterns: str) -> list[Path]:
    """Return the files of the repository that match git's patterns, new ones included; without git, those on disk."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    try:
        listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # a copy, as .ci/run makes one
        found = [path for path in _files_on_disk() if path.name.endswith(tuple(each.lstrip("*") for each in patterns))]
    else:
        found = [PROJECT / name for name in listed.split("\0") if name]
    return sorted(path for path in found if path.is_file())


def _files_on_disk() -> Iterator[Path]:
    """Yield the files of the project, those of environments, caches and builds left out."""
    for folder, names, files in os.walk(PROJECT):
        names[:] = [name for name in names if not name.startswith((".", "build", "__pycache__"))]
        yield from (Path(folder, name) for name in files)


def without_code(text: str) -> str:
    """Return a document without its code blocks and comments."""
    return _INDENTED.sub("", _COMMENT.sub("", _FENCE.sub("", text)))


def links_of(document: Path) -> list[Link]:
    """Return the links of a document, those in code left out."""
    text = _CODE.sub("", without_code(document.read_text(encoding="utf-8")))
    return [Link(document, target) for _, target in _LINK.findall(text)]


def headings_of(document: Path) -> list[str]:
    """Return the headings of a document as they read."""
    return [title for _, title in _HEADING.findall(without_code(document.read_text(encoding="utf-8")))]


def anchors_of(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    anchors: dict[str, int] = {}
    found = set()
    for title in headings_of(document):
        plain = _NOT_IN_ANCHORS.sub("", title.strip().lower()).replace(" ", "-")
        times = anchors.get(plain, 0)
        anchors[plain] = times + 1
        found.add(f"{plain}-{times}" if times else plain)
    return found


def code_spans(document: Path) -> list[str]:
    """Return what a document has between backticks, outside of code blocks."""
    text = without_code(document.read_text(encoding="utf-8"))
    return [code for _, code in _CODE.findall(text)]


def code_blocks(document: Path, language: str) -> list[str]:
    """Return the code blocks of a document in one language."""
    text = document.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(document: Path, heading: str) -> str:
    """Return the text under a heading, up to the next one of its rank or above; KeyError if there is none."""
    text = document.read_text(encoding="utf-8")
    found = [match for match in _HEADING.finditer(text) if match[2] == heading]
    if not found:
        raise KeyError(f"{document.relative_to(PROJECT)} has no heading {heading!r}")
    rest = text[found[0].end() :]
    end = next((match.start() for match in _HEADING.finditer(rest) if len(match[1]) <= len(found[0][1])), len(rest))
    return rest[:end]


def table_rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the tables in a text, without heads."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_row = line.startswith("|") and not re.fullmatch(r"[|:\- ]+", line)
        is_head = number + 1 < len(lines) and re.fullmatch(r"\|[|:\- ]+", lines[number + 1])
        if is_row and not is_head:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def sentences_of(document: Path) -> Iterator[str]:
    """Yield the sentences of a document's paragraphs and bullets; a code span is one word, a table is none."""
    text = _CODE.sub("CODE", without_code(document.read_text(encoding="utf-8")))
    text = _LINK.sub(lambda match: match[1], text)
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if not line.startswith(("|", "#"))]
        for item in re.split(_BULLET, "\n".join(lines)):
            yield from (each for each in _END.split(" ".join(item.split())) if each)

"""What code and tests cite exists: pages of docs/, their sections and headings, and the safety rules."""

import functools
import re
from pathlib import Path

from documents import DOCS, PROJECT, headings_of, section, tracked_files

CODE = [
    path
    for path in tracked_files("*.py", "*.pyi", "*.c", "*.sh", "*.toml", "*.tcss", ".ci/run")
    if path != Path(__file__)
]
_NUMBERS = r"(\d+(?:(?:,\s*|\s+and\s+)\d+)*)"
_PAGE = re.compile(r"\bdocs/[\w/-]+\.md\b")
_SECTION = re.compile(rf"\b(docs/[\w/-]+\.md),?\s+sections?\s+{_NUMBERS}")
_HEADING = re.compile(r"\b(docs/[\w/-]+\.md),?\s+\"([^\"]+)\"")
_RULE = re.compile(rf"\bsafety\s+rules?\s+{_NUMBERS}", re.IGNORECASE)
_OLD = re.compile(r"\b(?:FORMATS|DESIGN)\b(?:\.md)?,?\s+(?:sections?\b|\"|rules?\b)|\b(?:FORMATS|DESIGN)\.md\b")
_LISTED_RULE = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)


@functools.cache
def text_of(path: Path) -> str:
    """Return a file on one line, without the marks that a comment has at the beginning of its lines."""
    return re.sub(r"\s*\n\s*(?:#\s*)?", " ", path.read_text(encoding="utf-8"))


def shown(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def numbers_in(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def test_every_cited_page_exists() -> None:
    cited = {(shown(path), page) for path in CODE for page in _PAGE.findall(text_of(path))}
    assert len(cited) > 20
    assert [each for each in sorted(cited) if not (PROJECT / each[1]).is_file()] == []


def test_every_cited_section_exists() -> None:
    missing = []
    for path in CODE:
        for page, numbers in _SECTION.findall(text_of(path)):
            known = {title.partition(".")[0] for title in headings_of(PROJECT / page)}
            missing += [(shown(path), page, each) for each in numbers_in(numbers) if each not in known]
    assert missing == []


def test_every_cited_heading_exists() -> None:
    cited = [(shown(path), *each) for path in CODE for each in _HEADING.findall(text_of(path))]
    assert [each for each in cited if each[2] not in headings_of(PROJECT / each[1])] == []


def test_every_cited_rule_exists() -> None:
    rules = _LISTED_RULE.findall(section(DOCS / "design.md", "Safety rules"))
    assert rules == [str(number) for number in range(1, len(rules) + 1)]
    cited = [(shown(path), numbers) for path in CODE for numbers in _RULE.findall(text_of(path))]
    assert len(cited) > 10
    assert [(path, each) for path, numbers in cited for each in numbers_in(numbers) if each not in rules] == []


def test_citations_name_the_page() -> None:
    """Not the names that the pages had before they came into the repository."""
    assert [shown(path) for path in CODE if _OLD.search(text_of(path))] == []

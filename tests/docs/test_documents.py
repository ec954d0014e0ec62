"""The documents: every link and every named path leads somewhere, and the README keeps its shape."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from documents import (
    DOCS,
    PROJECT,
    README,
    Link,
    anchors_of,
    code_blocks,
    code_spans,
    headings_of,
    links_of,
    section,
    sentences_of,
    tracked_files,
)

DOCUMENTS = tracked_files("*.md")
USER_PAGES = [README, PROJECT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
FOR_DEVELOPERS = {"design.md", "formats.md", "keys.md"}
"""Not bound to 20 words a sentence; the keys are those of the program."""

MOST_README_LINES = 180
MOST_WORDS = 20
README_SECTIONS = [
    "Install",
    "Demo",
    "First conversion",
    "Which format for which console",
    "What it promises",
    "The screens",
    "Links",
]
PROMISES = 7

_PATH = re.compile(r"(?:engine|tui|tests|docs|screenshots|findings|\.ci)/[\w./-]*")


def shown(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def is_broken(link: Link) -> bool:
    name, _, anchor = unquote(link.target).partition("#")
    path = (link.document.parent / name).resolve() if name else link.document
    if not path.exists() or not path.is_relative_to(PROJECT):
        return True
    return bool(anchor) and (path.suffix != ".md" or anchor not in anchors_of(path))


def test_every_relative_link_leads_to_a_file_and_a_heading() -> None:
    links = [each for document in DOCUMENTS for each in links_of(document)]
    relative = [each for each in links if not re.match(r"[a-z]+:", each.target)]
    assert len(relative) > 50
    assert [str(each) for each in relative if is_broken(each)] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [README]
    while waiting:
        document = waiting.pop()
        if document in reached or not document.is_file():
            continue
        reached.add(document)
        names = (unquote(each.target).partition("#")[0] for each in links_of(document))
        waiting += [(document.parent / name).resolve() for name in names if name.endswith(".md")]
    assert [shown(path) for path in DOCUMENTS if path not in reached] == []


def test_every_picture_is_shown() -> None:
    pictures = {path.resolve() for path in tracked_files("*.svg")}
    linked = {(each.document.parent / each.target).resolve() for path in DOCUMENTS for each in links_of(path)}
    assert [shown(path) for path in sorted(pictures - linked)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    named = {code for code in code_spans(document) if _PATH.fullmatch(code) and "NAME" not in code}
    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= MOST_README_LINES


def test_the_readme_has_its_sections_in_order() -> None:
    assert headings_of(README)[1:] == README_SECTIONS


def test_the_readme_has_one_picture_at_its_top() -> None:
    top = README.read_text(encoding="utf-8").partition("\n## ")[0]
    assert len(re.findall(r"^!\[", top, re.MULTILINE)) == 1


def test_the_readme_promises_in_seven_lines() -> None:
    promises = re.findall(r"^\d+\. .+$", section(README, "What it promises"), re.MULTILINE)
    assert len(promises) == PROMISES


def test_the_readme_has_two_commands_that_begin_with_nothing() -> None:
    """One opens the demo and one runs the tests, each on a machine that has only Python; `.ci/run` finds the second."""
    commands = [block for block in code_blocks(README, "sh") if "venv" in block]
    assert [len(each.splitlines()) for each in commands] == [1, 1]
    assert all(each.startswith("python3 -m venv .venv && ") for each in commands)
    assert commands[0].endswith(".venv/bin/discpress demo\n")
    marked = README.read_text(encoding="utf-8").partition("<!-- test command -->\n```sh\n")[2]
    assert "pytest" in commands[1]
    assert marked.startswith(commands[1])


def test_every_decision_states_itself_and_its_reasons() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    assert len(pages) >= 6
    texts = {shown(page): page.read_text(encoding="utf-8") for page in pages}
    assert [name for name, text in texts.items() if "**Decision.**" not in text or "**Reasons.**" not in text] == []


@pytest.mark.parametrize("document", [each for each in USER_PAGES if each.name not in FOR_DEVELOPERS], ids=shown)
def test_a_sentence_for_users_has_at_most_20_words(document: Path) -> None:
    assert [each for each in sentences_of(document) if len(each.split()) > MOST_WORDS] == []

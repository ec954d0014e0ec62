"""Counts words of docstrings and comments, and module docstrings that begin with a question.

    python tests/support/english.py [BEFORE] [AFTER] [--files]

Prints a table of two revisions of git, or of one (default: the last commit) and the files as they are now. Product code
is counted, tests are not. `--files` lists the files that still have work in them, the most first.
"""

import argparse
import ast
import functools
import io
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PRODUCT = ("discpress", "engine", "tui")
"""Folders of the product; those that are there count."""
MOST_WHERE = 15.0
"""For each 10,000 words; 2 to 12 in borg, textual, httpx and attrs."""
PER_WORDS = 10_000

_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")
_STRING_OR_COMMENT = re.compile(
    r"""
    \"{3} (?: [^\\] | \\. )*? \"{3} | '{3} (?: [^\\] | \\. )*? '{3}
    | " (?: [^"\\\n] | \\. )* " | ' (?: [^'\\\n] | \\. )* '
    | (?P<comment> \#[^\n]* )
    """,
    re.DOTALL | re.VERBOSE,
)
"""Matches the comments that `tokenize` finds too, which takes fifteen times as long."""
_QUESTION = re.compile(r"(?:What|Which|Where|How|Why)\b")
_COUNTED = {
    "where": re.compile(r"\bwhere\b", re.IGNORECASE),
    "if, when": re.compile(r"\b(?:if|when)\b", re.IGNORECASE),
    "say, said, tell, told": re.compile(r"\b(?:say|says|said|tell|tells|told)\b", re.IGNORECASE),
    "what is/it/they/has ...": re.compile(r"\bwhat (?:is|are|was|were|it|they|has|have)\b", re.IGNORECASE),
}


@functools.cache
def _parsed(text: str) -> ast.Module:
    """Return the tree of a source, which is gone through for several counts."""
    return ast.parse(text)


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file."""

    name: str
    """Its path below the project, for messages."""
    text: str
    """Its source."""

    @property
    def docstring(self) -> str:
        """The docstring of the module; empty without one."""
        return ast.get_docstring(_parsed(self.text)) or ""

    @property
    def begins_with_a_question(self) -> bool:
        """Whether the docstring of the module begins with What, Which, Where, How or Why."""
        return _QUESTION.match(self.docstring) is not None

    def prose(self) -> Iterator[str]:
        """Yield each docstring, those under fields included, and each comment."""
        for node in ast.walk(_parsed(self.text)):
            body = getattr(node, "body", None)
            for each in body if isinstance(body, list) else ():
                value = getattr(each.value, "value", None) if isinstance(each, ast.Expr) else None
                if isinstance(value, str):
                    yield value
        for found in _STRING_OR_COMMENT.finditer(self.text):
            if found["comment"]:
                yield found["comment"].lstrip("# ")


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted in some modules."""

    words: int
    """Words of docstrings and comments."""
    shares: Mapping[str, float]
    """Of each kind in `_COUNTED`, how many for 10,000 words."""
    docstrings: int
    """Modules that have a docstring."""
    questions: int
    """Of them, those that begin with a question."""

    @classmethod
    def of(cls, modules: Iterable[Module]) -> "Counts":
        """Count them."""
        every = list(modules)
        text = "\n".join(prose for module in every for prose in module.prose())
        words = len(_WORD.findall(text))
        shares = {name: PER_WORDS * len(pattern.findall(text)) / max(1, words) for name, pattern in _COUNTED.items()}
        docstrings = [module for module in every if module.docstring]
        return cls(words, shares, len(docstrings), sum(1 for each in docstrings if each.begins_with_a_question))


def modules_now() -> list[Module]:
    """Return the product's modules as they lie in the working tree."""
    paths = sorted(path for top in PRODUCT for path in (PROJECT / top).rglob("*.py"))
    return [Module(path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def modules_at(revision: str) -> list[Module]:
    """Return the product's modules as they were at a revision of git."""
    command = ["git", "archive", "--format=tar", revision]
    archive = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True).stdout
    found = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if member.name.endswith(".py") and member.name.partition("/")[0] in PRODUCT:
                file = tar.extractfile(member)
                if file is not None:
                    found.append(Module(member.name, file.read().decode()))
    return found


def table(before: Counts, after: Counts) -> str:
    """Return both counts as a table in Markdown."""
    lines = ["| for each 10,000 words | before | after |", "|---|---:|---:|"]
    lines += [f"| {name} | {before.shares[name]:.0f} | {after.shares[name]:.0f} |" for name in _COUNTED]
    questions = (f"{each.questions} of {each.docstrings}" for each in (before, after))
    lines.append(f"| module docstrings that begin What/Which/Where/How/Why | {' | '.join(questions)} |")
    lines.append(f"| words of docstrings and comments | {before.words:,} | {after.words:,} |")
    return "\n".join(lines)


def files_table(modules: Iterable[Module]) -> str:
    """Return the modules with a question or a `where`, the most of them first."""
    found = [(len(_COUNTED["where"].findall("\n".join(each.prose()))), each) for each in modules]
    found.sort(key=lambda pair: -pair[0])
    rows = [
        f"| {each.name} | {count} | {each.docstring.partition('.')[0] if each.begins_with_a_question else ''} |"
        for count, each in found
        if count or each.begins_with_a_question
    ]
    return "\n".join(["| file | where | module docstring that begins with a question |", "|---|---:|---|", *rows])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Count words of docstrings and comments, before and after.")
    parser.add_argument("before", nargs="?", default="HEAD", help="a revision of git (default: HEAD)")
    parser.add_argument("after", nargs="?", help="a revision of git (default: the files as they are now)")
    parser.add_argument("--files", action="store_true", help="list the files as well")
    arguments = parser.parse_args()
    after = modules_now() if arguments.after is None else modules_at(arguments.after)
    print(table(Counts.of(modules_at(arguments.before)), Counts.of(after)))
    if arguments.files:
        print(f"\n{files_table(after)}")


if __name__ == "__main__":
    main()

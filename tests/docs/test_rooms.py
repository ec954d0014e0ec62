"""The rooms that docs/design.md draws are the folders that there are."""

import re
from collections.abc import Iterator

from documents import DOCS, PROJECT, section
from floors import FLOOR_OF, MANY_SCREENS, MAX_FILES

TOPS = {"engine", "tui"}
_FOLDER = re.compile(r"(?<![\w/])((?:\w+/)+)")
_GAP = re.compile(r" {2,}")


def drawn_folders() -> Iterator[str]:
    """Yield the folders of the plan with their whole paths: a deeper line is in the folder of the line above."""
    above: list[tuple[int, str]] = []
    for line in section(DOCS / "design.md", "Rooms").splitlines():
        if not line.startswith("    "):
            continue
        depth = len(line) - len(line.lstrip())
        above = [each for each in above if each[0] < depth]
        parent = above[-1][1] if above else ""
        names = [name.rstrip("/") for name in _FOLDER.findall(_GAP.split(line.strip())[0])]
        yield from (parent + name for name in names)
        if names:
            above.append((depth, f"{parent}{names[0]}/"))


def folders() -> set[str]:
    """Return the packages of the product, and those of the tops themselves."""
    found = {path.parent.relative_to(PROJECT).as_posix() for top in TOPS for path in (PROJECT / top).rglob("*.py")}
    return {each for each in found if "__pycache__" not in each}


def test_the_plan_draws_the_folders_that_there_are() -> None:
    drawn = {each for each in drawn_folders() if each.partition("/")[0] in TOPS}
    assert drawn == folders()


def test_every_folder_at_the_top_of_the_plan_exists() -> None:
    tops = {each.partition("/")[0] for each in drawn_folders()}
    assert {"engine", "tui", "docs", "tests", "screenshots", "findings"} <= tops
    assert [each for each in sorted(tops) if not (PROJECT / each).is_dir()] == []


def test_the_plan_lists_the_rooms_from_the_roof_down() -> None:
    rooms = [each.split("/")[1] for each in drawn_folders() if each.startswith("engine/") and each.count("/") == 2]
    floors = [FLOOR_OF[each.rstrip("/")] for each in rooms]
    assert floors == sorted(floors)


def test_the_plan_names_the_limits_that_the_test_of_layers_has() -> None:
    text = " ".join(section(DOCS / "design.md", "Rooms").split())
    assert f"A folder has at most {MAX_FILES} files, and `tui/screens/` {MANY_SCREENS}." in text

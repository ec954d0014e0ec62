"""The arrows between the rooms of the house run down, never up, never in a circle (docs/design.md, "Rooms")."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from floors import FLOOR_OF, MANY_SCREENS, MAX_FILES

PROJECT = Path(__file__).parents[2]
TOPS = ("discpress", "engine", "tui")

PRINTING_FRONTS = {"discpress.tui.main", "discpress.tui.terminal.driver"}
"""Before the app is on the screen, and after."""
CONFIG_READERS = {"tui", "cli", "worker", "watch", "queue"}
MAX_LINES = 300
MOST_NAMED_FORMATS = 15


@dataclass(frozen=True, slots=True)
class Arrow:
    importer: str
    """Dotted module that imports."""
    imported: str
    """Dotted module that is imported."""

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}"


def room_of(module: str) -> str:
    """`discpress.engine.images.image` -> `images`, `discpress.tui.app.app` -> `tui`, `discpress.engine` -> ``."""
    _, *rest = module.split(".")
    if not rest:
        return "discpress"
    return "tui" if rest[0] == "tui" else "".join(rest[1:2])


def module_of(path: Path, root: Path) -> str:
    """Return the dotted name that a file has when it is installed: `engine/units.py` is `discpress.engine.units`."""
    parts = path.relative_to(root).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "discpress" else ("discpress", *parts))


def sources(root: Path) -> dict[str, Path]:
    return {module_of(path, root): path for top in TOPS for path in sorted((root / top).rglob("*.py"))}


@cache
def imports_of(path: Path, module: str) -> tuple[str, ...]:
    """Return every name that a file imports, at any depth, relative imports resolved; `from a import b` is `a.b`.

    Kept, because each of these tests asks for all of them.
    """
    return tuple(_imports_of(path, module))


def _imports_of(path: Path, module: str) -> Iterator[str]:
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def arrows(root: Path) -> list[Arrow]:
    """Return all imports between our own modules."""
    ours = sources(root)
    found = set()
    for module, path in ours.items():
        for name in imports_of(path, module):
            imported = name if name in ours else name.rpartition(".")[0]
            if imported in ours and imported != module:
                found.add(Arrow(module, imported))
    return sorted(found, key=str)


def upward(all_arrows: list[Arrow]) -> list[str]:
    """Return the arrows between rooms that do not lead to a lower floor."""
    return [
        str(arrow)
        for arrow in all_arrows
        if (upper := room_of(arrow.importer)) != (lower := room_of(arrow.imported))
        and lower
        and FLOOR_OF[upper] >= FLOOR_OF[lower]
    ]


def calls_print(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    if "print" not in text:
        return False
    calls = (node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id == "print" for called in calls)


def users_of(library: str) -> set[str]:
    """Return the modules of engine that import an outside library."""
    return {
        module
        for module, path in sources(PROJECT).items()
        if module.startswith("discpress.engine")
        and any(name.split(".")[0] == library for name in imports_of(path, module))
    }


def test_every_module_belongs_to_a_known_room() -> None:
    """A new room is put on its floor here before it is used."""
    rooms = {room_of(module) for module in sources(PROJECT)} - {""}
    assert set() == rooms - FLOOR_OF.keys()


@pytest.mark.slow
def test_arrows_between_rooms_run_down() -> None:
    assert upward(arrows(PROJECT)) == []


def test_modules_import_no_circle() -> None:
    """Also within a room."""
    graph: dict[str, set[str]] = {}
    for arrow in arrows(PROJECT):
        graph.setdefault(arrow.importer, set()).add(arrow.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_the_fronts_read_the_configuration() -> None:
    readers = {room_of(arrow.importer) for arrow in arrows(PROJECT) if room_of(arrow.imported) == "config"}
    assert set() == readers - CONFIG_READERS - {"config"}


def test_the_engine_never_imports_the_app() -> None:
    importers = {arrow.importer for arrow in arrows(PROJECT) if room_of(arrow.imported) == "tui"}
    assert set() == {importer for importer in importers if room_of(importer) != "tui"}


@pytest.mark.slow
def test_only_the_command_line_prints() -> None:
    printing = {module for module, path in sources(PROJECT).items() if calls_print(path)}
    assert {module for module in printing if room_of(module) != "cli"} == PRINTING_FRONTS


def test_the_engine_does_without_textual() -> None:
    assert set() == users_of("textual")


def test_only_the_command_line_uses_rich() -> None:
    assert set() == {module for module in users_of("rich") if room_of(module) != "cli"}


def test_no_folder_has_more_files_than_a_glance_takes_in() -> None:
    folders = {path.parent for path in sources(PROJECT).values()}
    counts = {folder.relative_to(PROJECT).as_posix(): len(list(folder.glob("*.py"))) for folder in folders}
    allowed = {"tui/screens": MANY_SCREENS}
    assert [name for name, count in counts.items() if count > allowed.get(name, MAX_FILES)] == []


def test_no_file_is_longer_than_one_room() -> None:
    lengths = {module: len(path.read_text("utf-8").splitlines()) for module, path in sources(PROJECT).items()}
    assert [module for module, length in lengths.items() if length > MAX_LINES] == []


def test_an_arrow_that_runs_up_is_found(tmp_path: Path) -> None:
    """The test of the test: absolute, relative and late imports are all seen."""
    for room in ("codecs", "images"):
        (tmp_path / "engine" / room).mkdir(parents=True)
    (tmp_path / "engine" / "images" / "image.py").write_text("")
    (tmp_path / "engine" / "codecs" / "absolute.py").write_text("from discpress.engine.images.image import Image")
    (tmp_path / "engine" / "codecs" / "late.py").write_text("def later():\n    import discpress.engine.images.image")
    (tmp_path / "engine" / "codecs" / "relative.py").write_text("from ..images import image")
    codecs, image = "discpress.engine.codecs", "discpress.engine.images.image"
    assert [f"{codecs}.{name} -> {image}" for name in ("absolute", "late", "relative")] == upward(arrows(tmp_path))


def test_hardly_any_code_outside_the_formats_names_one() -> None:
    named = [
        f"{module}: {line.strip()}"
        for module, path in sources(PROJECT).items()
        if room_of(module) not in {"images", "targets"}
        for line in path.read_text("utf-8").splitlines()
        if "ImageFormat." in line
    ]
    assert len(named) <= MOST_NAMED_FORMATS, "use a role, such as PLAIN_FORMAT, or ask the registry"

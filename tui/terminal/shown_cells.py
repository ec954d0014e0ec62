"""The cells that the terminal shows: an update sends only the runs of cells that change."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import ControlType, Segment
from rich.style import Style

_RESET = "\x1b[0m"
_MOST_GAP = 4
"""Unchanged cells between two runs that cost less than the move over them."""
_Cell = tuple[str, str]
"""A character with those that combine with it, and the SGR sequence before it; the right half of a wide one is ""."""


@dataclass(slots=True)
class _Piece:
    """The text of one look that an update puts into a row."""

    x: int
    text: str
    look: str


@dataclass(slots=True)
class ShownCells:
    """The cells of a terminal, as far as they are known."""

    width: int
    height: int
    _rows: dict[int, list[_Cell | None]] = field(default_factory=dict)

    def resize(self, width: int, height: int) -> None:
        """Forget all cells if the terminal has another size, because it may have moved or cut them."""
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self.forget()

    def forget(self) -> None:
        """Know nothing of what is shown: the next update sends all that it has."""
        self._rows.clear()

    def update(self, segments: Iterable[Segment], look_of: Callable[[Style | None], str]) -> str:
        """Take in an update and return the bytes that bring it to the terminal.

        Rich's control segments contain the place of the text after them. `look_of` returns the SGR sequence of a style.
        A row with a character whose width terminals do not agree on is sent as it is.
        """
        pen = _Pen()
        for y, pieces in _pieces_by_row(segments, look_of).items():
            before = self._rows.get(y, [None] * self.width)
            after = _placed(before, pieces)
            if after is None:
                self._rows.pop(y, None)
                for piece in pieces:
                    pen.write(piece.x, y, [(piece.text, piece.look)])
            else:
                self._rows[y] = after
                for start, end in _changed_runs(before, after):
                    pen.write(start, y, after[start:end])
        return pen.finish()


class _Pen:
    """Writes cells with as few sequences as the terminal needs."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._look = ""

    def write(self, x: int, y: int, cells: Iterable[_Cell | None]) -> None:
        """Go to a cell and write from there on."""
        self._out.append(f"\x1b[{y + 1};{x + 1}H")
        for cell in cells:
            text, look = cell or (" ", "")
            if look != self._look:
                self._out.append(_turn(self._look, look))
                self._look = look
            self._out.append(text)

    def finish(self) -> str:
        """Return all that was written, with plain text to follow."""
        return "".join(self._out) + (_RESET if self._look else "")


@lru_cache(maxsize=4096)
def _turn(old: str, new: str) -> str:
    """Return the shorter sequence from one look to another: of what differs, or of a reset and all of it."""
    whole = new.replace("\x1b[", "\x1b[0;", 1) if new else _RESET
    before, after = _Look.of(old), _Look.of(new)
    if before.attributes - after.attributes:
        return whole
    codes = sorted(after.attributes - before.attributes)
    codes += [after.foreground or "39"] if after.foreground != before.foreground else []
    codes += [after.background or "49"] if after.background != before.background else []
    return min(f"\x1b[{';'.join(codes)}m", whole, key=len)


class _Look(NamedTuple):
    """An SGR sequence taken apart."""

    attributes: frozenset[str]
    foreground: str
    background: str

    @classmethod
    def of(cls, look: str) -> "_Look":
        codes = look.removeprefix("\x1b[").removesuffix("m").split(";") if look else []
        attributes: set[str] = set()
        colours = {"3": "", "4": ""}
        while codes:
            code = codes.pop(0)
            if code in {"38", "48"}:
                rest = 4 if codes[:1] == ["2"] else 2
                colours[code[0]] = ";".join([code, *codes[:rest]])
                del codes[:rest]
            elif len(code) > 1 and code[:-1] in {"3", "4", "9", "10"}:
                colours["3" if code[:-1] in {"3", "9"} else "4"] = code
            else:
                attributes.add(code)
        return cls(frozenset(attributes), colours["3"], colours["4"])


def _pieces_by_row(segments: Iterable[Segment], look_of: Callable[[Style | None], str]) -> dict[int, list[_Piece]]:
    rows: dict[int, list[_Piece]] = {}
    x = y = 0
    for text, style, control in segments:
        if control:
            for code in control:
                if code[0] is ControlType.CURSOR_MOVE_TO:
                    x, y = int(code[1]), int(code[2])  # type: ignore[misc]
        elif text != "\n":
            rows.setdefault(y, []).append(_Piece(x, text, look_of(style)))
            x += cell_len(text)
    return rows


def _placed(before: list[_Cell | None], pieces: list[_Piece]) -> list[_Cell | None] | None:
    """Return a row with pieces put into it; None if the width of one of their characters is not sure."""
    row = list(before)
    for piece in pieces:
        x, look = piece.x, piece.look
        if piece.text.isascii():
            row[x : x + len(piece.text)] = [(char, look) for char in piece.text]
            continue
        cells = _cells_of(piece.text, look)
        if cells is None:
            return None
        row[x : x + len(cells)] = cells
    return row[: len(before)]


def _cells_of(text: str, look: str) -> list[_Cell] | None:
    cells: list[_Cell] = []
    for char in text:
        width = cell_len(char)
        if width == 1:
            cells.append((char, look))
        elif width == 2:
            cells += [(char, look), ("", look)]
        else:
            return None
    return cells if len(cells) == cell_len(text) else None


def _changed_runs(before: list[_Cell | None], after: list[_Cell | None]) -> list[tuple[int, int]]:
    """Return the runs of cells to send, each from the left half of a character to the end of one."""
    runs: list[tuple[int, int]] = []
    for x, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        start, end = x, x + 1
        while start and _is_right_half(after[start]):
            start -= 1
        while end < len(after) and _is_right_half(after[end]):
            end += 1
        if runs and _is_near(after, runs[-1][1], start):
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _is_right_half(cell: _Cell | None) -> bool:
    return cell is not None and not cell[0]


def _is_near(row: list[_Cell | None], end: int, start: int) -> bool:
    """Return whether the cells between two runs are few and look like the cell before them."""
    if start <= end:
        return True
    looks = {cell[1] if cell else None for cell in row[end - 1 : start]}
    return start - end <= _MOST_GAP and len(looks) == 1

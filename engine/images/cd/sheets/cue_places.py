"""Places of a CUE sheet's tracks in its files, from the times of their indexes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from discpress.engine.images.cd.sheets.sheet import Piece, damaged


@dataclass(frozen=True, slots=True)
class Index:
    """An INDEX of a track."""

    number: int
    """0 for the pregap, 1 for the track proper, higher ones within it."""
    file: int
    """Index of its file in the sheet."""
    frame: int
    """Sectors between the start of the file and the index."""
    line: int
    """The line with it, from 1."""


@dataclass(frozen=True, slots=True)
class _Start:
    """The first sector of a piece of a track in a file."""

    frame: int
    track: int
    """Position of the track in the sheet."""
    is_pregap: bool
    line: int


class Places:
    """The pieces of all tracks.

    A time counts sectors from the start of its file, whatever their sizes, so bytes are summed in the order of the
    places. A piece ends where the next one begins, or at the end of its file.
    """

    def __init__(self, name: str) -> None:
        """Take the sheet's name for messages."""
        self._name = name
        self._starts: dict[int, list[_Start]] = defaultdict(list)
        self._tracks: list[tuple[int, int]] = []
        self.remarks: list[str] = []
        """Unusual and harmless properties, known after `pieces`."""

    def add(self, number: int, line: int, stride: int, indexes: Sequence[Index]) -> None:
        """Add the next track of the sheet. DamagedImageError if it lacks INDEX 01."""
        by_number = {index.number: index for index in indexes}
        position, proper = len(self._tracks), by_number.get(1)
        if proper is None:
            raise damaged(self._name, line, f"track {number} has no INDEX 01")
        self._tracks.append((number, stride))
        for index in (by_number.get(0), proper):
            if index is not None:
                start = _Start(index.frame, position, is_pregap=index is not proper, line=index.line)
                self._starts[index.file].append(start)

    def pieces(self) -> list[list[Piece]]:
        """Return the pieces of each track, pregap first. DamagedImageError if two tracks overlap."""
        found: list[list[Piece]] = [[] for _ in self._tracks]
        for file, starts in sorted(self._starts.items()):
            starts.sort(key=lambda start: start.frame)
            self._check_order(starts)
            offset = self._add_lead(file, starts[0], found)
            for start, after in pairwise([*starts, None]):
                assert start is not None
                sectors = None if after is None else after.frame - start.frame
                if sectors != 0:
                    found[start.track].append(Piece(file, offset, sectors, start.is_pregap))
                offset += (sectors or 0) * self._tracks[start.track][1]
        for pieces in found:
            pieces.sort(key=lambda piece: not piece.is_pregap)
        return found

    def _add_lead(self, file: int, first: _Start, found: list[list[Piece]]) -> int:
        """Count sectors before the first index of a file as pregap, so that none is lost; return their bytes."""
        number, stride = self._tracks[first.track]
        if first.frame:
            found[first.track].append(Piece(file, 0, first.frame, is_pregap=True))
            self.remarks.append(
                f"line {first.line}: no index describes the {first.frame} sectors before track {number} in its file; "
                "they count as its pregap"
            )
        return first.frame * stride

    def _check_order(self, starts: Sequence[_Start]) -> None:
        for start, after in pairwise(starts):
            number, next_number = self._tracks[start.track][0], self._tracks[after.track][0]
            if after.track != start.track and after.frame == start.frame:
                problem = f"track {next_number} begins at the same sector as track {number}"
                raise damaged(self._name, after.line, problem)
            has_own = any(each.track == start.track and not each.is_pregap for each in starts)
            if start.is_pregap and has_own and after.track != start.track:
                raise damaged(self._name, after.line, f"track {next_number} begins in the pregap of track {number}")

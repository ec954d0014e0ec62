"""Names of titles and systems for people."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping

from discpress.engine.discs.file_titles import read_file_title, without_number
from discpress.engine.library.listed import AnyTitle
from discpress.engine.names import differing_folders, display_name
from discpress.engine.systems import System


def disc_name(title: AnyTitle, tags: str = "") -> str:
    """Return the name of a disc without its serial, with its number in a set: `Saga (disc 2)`.

    `tags` are parts of the file name that tell it apart.
    """
    name = display_name(title.title or title.path.name)
    # A disc with the number 1 need not belong to a set; a file with the number 1 in its name does.
    number, total = title.disc.disc_number, title.disc.disc_total or 1
    is_of_set = number is not None and (
        max(number, total) > 1 or read_file_title(title.path.name).disc_number is not None
    )
    return " ".join([name, *([f"(disc {number})"] if is_of_set else []), *([display_name(tags)] if tags else [])])


def shown_name(title: AnyTitle, tags: str = "") -> str:
    """Return the name of a title in a row: that on its disc, else the cleaned name of its file and its serial."""
    name = disc_name(title, tags)
    is_from_disc = title.system in {System.PSP, System.UMD_VIDEO} or (
        title.title and title.title != read_file_title(title.path.name).title
    )
    return name if is_from_disc or not title.serial else f"{name} {display_name(title.serial)}"


class TitleNames:
    """Names of titles in the rows of one list: those of different discs are told apart.

    Discs of one name get the tags that not all of them have: `Tale [T-En]`. If these are equal as well, they get the
    names of their files, if necessary with the folders that differ.
    """

    def __init__(self, titles: Iterable[AnyTitle], disc_of: Callable[[AnyTitle], Hashable]) -> None:
        """`disc_of` gives a key that the titles of one disc share: a title and its result need no different names."""
        self._tags: dict[bytes, str] = {}
        self._files: dict[bytes, str] = {}
        known = list(titles)
        counts = Counter(title.title for title in known)
        repeated = {name for name, count in counts.items() if count > 1}
        alike: dict[tuple[str, int | None], list[AnyTitle]] = {}
        for title in known:
            if title.title in repeated:
                alike.setdefault((title.title, title.disc.disc_number), []).append(title)
        groups: dict[str, list[AnyTitle]] = {}
        for some in alike.values():
            if _are_several(some, disc_of):  # the names of 20,000 titles take too long to be made for nothing
                for title in some:
                    groups.setdefault(shown_name(title), []).append(title)
        for group in groups.values():
            if _are_several(group, disc_of):
                self._tell_apart(group, disc_of)

    def of(self, title: AnyTitle) -> str:
        """Return the name of a title with its serial."""
        return self._files.get(title.key) or shown_name(title, self._tags.get(title.key, ""))

    def without_serial(self, title: AnyTitle) -> str:
        """Return the name of a title for a list that has a column of serials."""
        key = title.key
        return self._files.get(key) or disc_name(title, self._tags.get(key, ""))

    def of_family(self, title: AnyTitle, count: str) -> str:
        """Return the name of a game with its number of discs, such as `3 discs`; `title` is the first of them."""
        name = display_name(without_number(title.title) or title.path.name)
        tags = self._tags.get(title.key, "")
        return " ".join([name, f"({count})", *([display_name(tags)] if tags else [])])

    def _tell_apart(self, group: list[AnyTitle], disc_of: Callable[[AnyTitle], Hashable]) -> None:
        shared = set.intersection(*(set(title.disc.tags) for title in group))
        by_name: dict[str, list[AnyTitle]] = {}
        for title in group:
            self._tags[title.key] = " ".join(tag for tag in title.disc.tags if tag not in shared)
            by_name.setdefault(self._tags[title.key], []).append(title)
        for alike in by_name.values():
            if _are_several(alike, disc_of):
                self._files |= _file_names(alike)


def _are_several(titles: list[AnyTitle], disc_of: Callable[[AnyTitle], Hashable]) -> bool:
    return len(titles) > 1 and len({disc_of(title) for title in titles}) > 1


def _file_names(titles: list[AnyTitle]) -> Mapping[bytes, str]:
    """Return the names of the files, if necessary with the folders that differ; an archive is one of them."""
    names = Counter(title.path.name for title in titles)
    folders = differing_folders([title.path.parent.parts for title in titles])
    found = {}
    for title, steps in zip(titles, folders, strict=True):
        name = title.path.name
        found[title.key] = display_name(name if names[name] == 1 else "/".join((*steps, name)))
    return found

"""Names of results from several folders in one: images of equal names are told apart by the folders that differ."""

from collections.abc import Sequence
from pathlib import Path

from discpress.engine.convert.batch.model import Candidate
from discpress.engine.convert.output_names import folded_name
from discpress.engine.formats import image_stem
from discpress.engine.images.archives.model import with_folders
from discpress.engine.names import differing_folders
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import absolute


def told_apart(candidates: Sequence[Candidate], options: ConversionRequest) -> dict[Path, str]:
    """Return the stems of results that would have equal names in an output folder, by the path of their image.

    `Disc 1/game.iso` and `Disc 2/game.iso` give `game (Disc 1)` and `game (Disc 2)`, as in an archive. Images of equal
    names in one folder are no matter of folders, and are left out.
    """
    if options.output_path is not None:
        return {}
    groups: dict[tuple[Path, str], dict[Path, tuple[str, ...]]] = {}
    names = {each.title.path: image_stem(each.title.named_path.name) for each in candidates}
    for each in candidates:
        folder = each.output_folder or options.output_folder
        if folder is not None:
            path = each.title.path
            group = groups.setdefault((absolute(folder), folded_name(names[path])), {})
            group[path] = _folders_of(path, each.title.file_path)
    stems = {}
    for group in groups.values():
        if len(set(group.values())) > 1:
            for path, different in zip(group, differing_folders(list(group.values())), strict=True):
                stems[path] = image_stem(with_folders(f"{names[path]}.iso", different))
    return stems


def _folders_of(path: Path, file_path: Path) -> tuple[str, ...]:
    """Return the folders of an image; an archive counts as one, without its suffix."""
    folders = absolute(file_path).parent.parts[1:]
    return folders if path == file_path else (*folders, file_path.stem)

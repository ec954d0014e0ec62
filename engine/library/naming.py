"""Names of titles and systems for people."""

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.systems import System


def shown_name(title: Title) -> str:
    """Return the name of a title in a row: that on its disc, else the cleaned name of its file and its serial."""
    name = display_name(title.title or title.path.name)
    of_file = read_file_title(title.path.name)
    # A disc with the number 1 need not belong to a set; a file with the number 1 in its name does.
    number, total = title.disc.disc_number, title.disc.disc_total or 1
    is_of_set = number is not None and (max(number, total) > 1 or of_file.disc_number is not None)
    disc = f" (disc {number})" if is_of_set else ""
    is_from_disc = title.system in {System.PSP, System.UMD_VIDEO} or (title.title and title.title != of_file.title)
    return f"{name}{disc}" if is_from_disc or not title.serial else f"{name}{disc} {display_name(title.serial)}"


def system_label(title: Title) -> str:
    """Return the name of the system for people: `PS2`."""
    return title.system.label

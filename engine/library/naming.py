"""What a title is called, wherever people read it."""

from engine.discs.file_titles import read_file_title
from engine.discs.identity import System
from engine.library.model import Title
from engine.names import display_name


def shown_name(title: Title) -> str:
    """Return what a row calls a title: the name on its disc, else the cleaned name of its file and its serial."""
    name = display_name(title.title or title.path.name)
    of_file = read_file_title(title.path.name)
    # A disc that says "1" of itself need not have a second one; a file that is called so has.
    is_of_set = title.disc_number is not None and (title.disc_number > 1 or of_file.disc_number is not None)
    disc = f" (disc {title.disc_number})" if is_of_set else ""
    is_from_disc = title.system == System.PSP or (title.title and title.title != of_file.title)
    return f"{name}{disc}" if is_from_disc or not title.serial else f"{name}{disc} {title.serial}"


def system_label(title: Title) -> str:
    """Return the system as people write it: `PS2`."""
    return System(title.system).label if title.system in tuple(System) else title.system

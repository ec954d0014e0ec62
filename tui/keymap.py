"""The check of the keys that users have chosen in the settings file."""

import difflib
from collections.abc import Iterable, Mapping

from discpress.engine.errors import UsageError
from discpress.engine.names import display_name
from discpress.tui.commands import BY_NAME, Command, Place, commands_at


def check_keymap(keys: Mapping[str, str]) -> None:
    """Check the user's keymap; UsageError for an unknown command, or two commands of one place on one key."""
    for name in keys:
        if name not in BY_NAME:
            matches = difflib.get_close_matches(name, BY_NAME, n=1)
            meant = f"did you mean {matches[0]}?" if matches else f"known are {', '.join(BY_NAME)}"
            raise UsageError(f"keys: there is no command {display_name(name)}", hint=meant)
    for place in Place:
        _check_place(place, keys)


def _check_place(place: Place, keys: Mapping[str, str]) -> None:
    taken: dict[str, str] = {}
    bound = [(key, command.name) for command in commands_at(place) for key in _keys_of(command, keys)]
    for key, name in bound:
        if BY_NAME[name].gives_way:
            continue
        other = taken.setdefault(key, name)
        if other != name and (name in keys or other in keys):
            raise UsageError(
                f"keys: {display_name(key)} would run both {other} and {name}", hint="give one of them another key"
            )


def _keys_of(command: Command, keys: Mapping[str, str]) -> Iterable[str]:
    return (key.strip() for key in keys.get(command.name, command.keys).split(","))

"""The table of keys in docs/keys.md."""

from collections.abc import Collection

from discpress.tui.commands import COMMANDS, Place, all_key_labels


def keys_table(places: Collection[Place]) -> str:
    """Return the table of docs/keys.md."""
    rows = ["| screen | key | what it does | name |", "|---|---|---|---|"]
    for place in places:
        for command in COMMANDS:
            if place in command.places:
                keys = " ".join(f"`{key}`" for key in all_key_labels(command, {}).split())
                rows.append(f"| {place} | {keys} | {command.help} | `{command.name}` |")
    return "\n".join(rows)

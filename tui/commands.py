"""The one table of what a user can do: keys, footer, palette, help and docs/keys.md are made from it.

A screen runs a command by its method `action_<name>`; the app runs those of Place.ANYWHERE.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import ascii_letters, digits
from typing import NamedTuple

from textual.binding import Binding


class Place(StrEnum):
    """A screen, or all of them, on which a command is valid."""

    ANYWHERE = "anywhere"
    LIBRARY = "library"
    DETAIL = "detail"
    TUNE = "tune"
    PLAN = "plan"
    RENAME = "rename"
    DUPLICATES = "duplicates"
    DATFILES = "datfiles"
    QUEUE = "queue"
    LOG = "log"
    TRASH = "trash"
    SETTINGS = "settings"
    BENCH = "bench"
    DEVICE = "device"
    FIRST_RUN = "first run"


class Command(NamedTuple):
    """One thing to do."""

    name: str
    """What its method, its entry in the user's keymap and its palette line go by; with underscores."""
    keys: str
    """Keys that run it, as Textual writes them, with commas between them."""
    label: str
    """One or two words for the footer."""
    help: str
    """A sentence for the palette, the help screen and docs/keys.md."""
    places: frozenset[Place]
    """The screens on which it is valid."""
    title: str
    """Its name in the palette and in the menu of keys."""
    writes: bool = False
    """Whether it changes files, jobs or settings: hidden by --read-only."""
    in_footer: bool = False
    """Whether the footer shows it."""
    in_palette: bool = True
    """Whether the palette lists it; moving the cursor is no use there."""
    gives_way: bool = False
    """Whether its key runs another command while it has nothing to do: the two may share a key."""


_L, _D, _T, _P, _N, _C, _F, _Q, _G, _R, _S, _B, _V = (
    Place.LIBRARY,
    Place.DETAIL,
    Place.TUNE,
    Place.PLAN,
    Place.RENAME,
    Place.DUPLICATES,
    Place.DATFILES,
    Place.QUEUE,
    Place.LOG,
    Place.TRASH,
    Place.SETTINGS,
    Place.BENCH,
    Place.DEVICE,
)


def _command(name: str, keys: str, label: str, text: str, *places: Place, title: str = "", **flags: bool) -> Command:
    return Command(name, keys, label, text, frozenset(places), title or label.capitalize(), **flags)


COMMANDS: tuple[Command, ...] = (
    _command("confirm", "enter", "start", "Add the titles to the queue.", _P, _V, writes=True, in_footer=True),
    _command("plan_all", "a", "all shown", "Plan all titles shown: ready ones, those to repair, or all for a device.",
             _P, _V, writes=True, in_footer=True),
    _command("show_details", "enter", "details", "Show everything known of the title.", _L, in_footer=True),
    _command("mark", "space", "mark", "Mark or unmark the title, and go to the next.", _L, _R, in_footer=True),
    _command("mark_range", "v", "mark range", "Mark everything from the last mark to here.", _L, _R),
    _command("mark_all", "a", "mark all", "Mark all shown, of titles the ready ones; press again to clear.", _L, _R),
    _command("plan", "c", "convert", "Show the plan for the marked titles, then convert them.", _L, _D, _T,
             writes=True, in_footer=True),
    _command("filter", "slash", "filter", "Filter as you type; help lists the words.", _L, _R, in_footer=True),
    _command("clear_filter", "escape", "clear", "Clear the filter, then the marks.", _L, _R, gives_way=True),
    _command("filter_pane", "tab", "filter pane", "Go to the counts of the filter pane, to choose one.", _L),
    _command("unfold", "right", "unfold", "Show each disc of the game, or the group.", _L),
    _command("fold", "left", "fold", "Show the game, or the group, as one row.", _L),
    _command("sort", "s", "sort", "Sort: then press the letter of a column.", _L, _R),
    _command("sort_reverse", "S", "reverse", "Reverse the order.", _L, _R),
    _command("group", "G", "group", "Group by folder or by system, with sums; or not at all.", _L),
    _command("tune", "t", "tune", "Choose format, block size and level for the marked titles.", _L, _D, _P, writes=True,
             in_footer=True),
    _command("repair", "R", "repair", "Show the plan for what the target cannot load, then rewrite that.",
             _L, _D, writes=True),
    _command("deploy", "W", "to device", "Show the plan for a device, then put the marked titles on it.", _L, _D,
             writes=True, title="Put on a device"),
    _command("choose_device", "F", "folder", "Choose the folder where the device is mounted.", _V, writes=True,
             in_footer=True, title="Device folder"),
    _command("choose_loader", "T", "target", "Choose what plays the games on the device.", _V, writes=True,
             in_footer=True),
    _command("identify", "i", "identify", "Decode the marked titles, to compare them with the datfiles.", _L,
             writes=True),
    _command("rename", "n", "rename", "Show new names for the marked titles, then rename them.", _L, writes=True),
    _command("rename_titles", "enter", "rename", "Rename the titles as planned.", _N, writes=True, in_footer=True,
             title="Rename as planned"),
    _command("choose_names", "N", "names", "Choose the names of the datfiles, or those that OPL reads.", _N,
             writes=True, in_footer=True),
    _command("show_duplicates", "U", "duplicates", "Show discs that you have more than once, and keep one copy.", _L),
    _command("show_datfiles", "I", "datfiles", "Show the datfiles, and how many of their games you have.", _L),
    _command("keep_copy", "space,enter", "keep", "Keep this copy of the disc; press again to leave the disc alone.", _C,
             writes=True, in_footer=True, title="Keep this copy"),
    _command("trash_copies", "Z", "move", "Move the other copies to trash, after decoding the kept one.", _C,
             writes=True, in_footer=True, title="Move the other copies"),
    _command("bench", "b", "benchmark", "Measure throughput and seek latency of the title on its disk.", _L, _D, _T),
    _command("show_trash", "u", "trash", "Show replaced originals: restore them, or remove them for good.",
             _L, _D, _Q, writes=True),
    _command("rescan", "r", "rescan", "Look for new, changed and vanished images again.", _L),
    _command("copy_path", "y", "copy path", "Send the path to the clipboard of your terminal.", _L, _D, _C,
             _Q, _R, _V),
    _command("copy_value", "Y", "copy", "Choose what to copy: path, serial, digests or RetroAchievements hash.", _D),
    _command("show_settings", "comma", "settings", "Change folders, target, level, threads, theme.", _L, writes=True),
    _command("examine", "d", "check", "Check the image: decode every block and report damage.", _D,
             writes=True, in_footer=True),
    _command("verify", "V", "verify", "Verify the image: decode all of it and compare its digests.", _D,
             writes=True, in_footer=True),
    # Its name stands in users' keymaps.
    _command("target_next", "T", "target", "Choose the target: the player of the image.", _D, _T, in_footer=True),
    _command("choose_target", "T", "target", "Choose what plays the discs of this system.", _L, _S, writes=True),
    _command("pause", "p", "pause", "Pause or resume the job.", _Q, writes=True, in_footer=True),
    _command("pause_all", "P", "pause all", "Pause or resume all jobs.", _Q, writes=True),
    _command("cancel", "x", "cancel", "Cancel the job and remove what it has written.", _Q, writes=True,
             in_footer=True),
    _command("retry", "r", "retry", "Run a failed, cancelled or skipped job again.", _Q, writes=True,
             in_footer=True),
    _command("move_up", "K", "move up", "Move the job towards the front of the queue.", _Q, writes=True),
    _command("move_down", "J", "move down", "Move the job towards the end of the queue.", _Q, writes=True),
    _command("show_log", "l,enter", "log", "Show the log of the job.", _Q, in_footer=True),
    _command("show_last_log", "l", "log", "Show the log of the title's newest job.", _D),
    _command("smaller_block", "up,k", "block", "Choose the next smaller block size.", _T, in_palette=False),
    _command("larger_block", "down,j", "block", "Choose the next larger block size.", _T, in_palette=False),
    _command("lower_level", "left", "level", "Choose the next lower level.", _T, in_palette=False),
    _command("higher_level", "right", "level", "Choose the next higher level.", _T, in_palette=False),
    _command("format_next", "f", "format", "Choose the format.", _T, _V, in_footer=True),
    _command("alignment_next", "A", "alignment", "Choose the alignment of the blocks.", _T),
    _command("apply_title", "1", "this title", "Save these settings for this title.", _T, writes=True,
             in_footer=True, title="Save for this title"),
    _command("apply_marked", "2", "marked", "Save these settings for all marked titles.", _T, writes=True,
             in_footer=True, title="Save for the marked titles"),
    _command("apply_system", "3", "system", "Save these settings for all titles of this system.", _T, writes=True,
             in_footer=True, title="Save for the system"),
    _command("apply_default", "4", "default", "Make these settings the default of all titles.", _T, writes=True,
             in_footer=True, title="Save as default"),
    _command("forget", "0", "forget", "Reset the titles to the defaults.", _T, writes=True,
             title="Reset to the defaults"),
    _command("chart", "g", "chart", "Show the grid as a table or as a chart of size against latency.", _T,
             in_footer=True),
    _command("originals", "o", "originals", "Keep the originals, or move each to trash after verification.", _P,
             writes=True, in_footer=True),
    _command("conflict", "e", "if it exists", "Choose what happens if the result's name exists.", _P, writes=True,
             in_footer=True),
    _command("even_useless", "h", "hardly smaller", "Convert titles that barely shrink as well, or skip them.", _P,
             writes=True),
    _command("choose_folder", "F", "folder", "Choose another folder for the results, or none again.", _P, writes=True,
             in_footer=True, title="Result folder"),
    _command("test_seek", "m", "measure reads", "Measure how long random reads take.", _B, writes=True,
             in_footer=True),
    _command("test_throughput", "M", "throughput", "Measure reading, packing and writing.", _B,
             writes=True, in_footer=True, title="Measure throughput"),
    _command("repeat_test", "r", "repeat", "Run the last test of this title again.", _B, writes=True,
             in_footer=True, title="Repeat the test"),
    _command("stop_test", "x", "stop", "Stop the tests of this title; their results are kept.", _B, writes=True,
             in_footer=True, title="Stop the tests"),
    _command("use_block", "t,enter", "tune", "Go to Tune with the block size under the cursor.", _B, writes=True,
             in_footer=True, title="Tune with this block size"),
    _command("row_up", "up,k", "row", "Go to the image above.", _B, in_palette=False),
    _command("row_down", "down,j", "row", "Go to the image below.", _B, in_palette=False),
    _command("title_before", "left", "title", "Go to the previous title.", _B, in_palette=False),
    _command("title_next", "right", "title", "Go to the next title.", _B, in_palette=False),
    _command("form_next", "f", "format", "Choose the format of the candidates.", _B),
    _command("blocks_next", "B", "block sizes", "Choose the block sizes to measure.", _B),
    _command("levels_next", "L", "levels", "Choose the levels of the throughput test.", _B),
    _command("pattern_next", "O", "order of reads", "Choose the pattern in which the seek test reads.", _B),
    _command("duration_next", "D", "duration", "Choose how long the seek test runs for each image.", _B),
    _command("memory", "C", "cache", "Read from memory, or drop the cache before each read.", _B),
    _command("export", "E", "export", "Write all results of the title as CSV into the state folder.", _B, writes=True),
    _command("undo", "z", "restore", "Restore the marked originals and move their replacements to trash.", _R,
             writes=True, in_footer=True),
    _command("purge", "x", "remove", "Remove the marked originals for good, after verifying their replacements.", _R,
             writes=True, in_footer=True),
    _command("empty_trash", "X", "empty", "Remove all originals shown for good, after the same check.", _R,
             writes=True, in_footer=True, title="Empty the trash"),
    _command("choose_value", "enter", "choose", "Choose the value from a list.", _S, writes=True, in_footer=True),
    _command("setting_next", "right", "next", "Take the next value.", _S, writes=True, title="Next value"),
    _command("setting_previous", "left", "before", "Take the previous value.", _S, writes=True, title="Previous value"),
    _command("add_folder", "plus", "add folder", "Add a folder of games.", _S, writes=True, in_footer=True),
    _command("remove_folder", "x", "remove folder", "Remove the folder from the list; its files stay.", _S, writes=True,
             in_footer=True),
    _command("show_queue", "w", "queue", "Show the queue: running, waiting and finished jobs.", _L, _D, _T, _P, _N, _C,
             _F, _R, _B, _V, in_footer=True),
    _command("back", "escape,q", "back", "Go back.", _D, _T, _P, _N, _C, _F, _Q, _G, _R, _S, _B, _V,
             in_footer=True, in_palette=False),
    _command("help", "question_mark", "help", "Find a key of this screen and run it.", Place.ANYWHERE, in_footer=True),
    _command("palette", "ctrl+p,colon", "palette", "Find a command, a value or a title by its name.",
             Place.ANYWHERE, in_palette=False),
    _command("messages", "exclamation_mark", "messages", "Show the messages since the start again.", Place.ANYWHERE),
    _command("quit", "q", "quit", "Quit; jobs continue in the worker unless you stop them.", _L, in_footer=True),
    _command("quit_anywhere", "ctrl+q", "quit", "Quit from any screen.", Place.ANYWHERE, in_palette=False),
    _command("redraw", "ctrl+l", "redraw", "Draw the screen again, if another program wrote on it.", Place.ANYWHERE),
    _command("suspend_process", "ctrl+z", "suspend", "Suspend discpress; `fg` in the shell resumes it.",
             Place.ANYWHERE, in_palette=False),
)  # fmt: skip

BY_NAME: Mapping[str, Command] = {command.name: command for command in COMMANDS}

_KEY_LABELS = {
    "escape": "esc",
    "slash": "/",
    "comma": ",",
    "colon": ":",
    "question_mark": "?",
    "full_stop": ".",
    "exclamation_mark": "!",
    "plus": "+",
}

SINGLE_KEYS = (*ascii_letters, *digits, "enter", "space", "slash", "comma", "plus")
"""Keys that have an answer on every screen, though it may be that they do nothing there."""


def commands_at(place: Place, *, is_read_only: bool = False) -> list[Command]:
    """Return what can be done there, those of ANYWHERE last."""
    here = [command for command in COMMANDS if place in command.places]
    anywhere = [command for command in COMMANDS if Place.ANYWHERE in command.places and place is not Place.ANYWHERE]
    return [command for command in (*here, *anywhere) if not (is_read_only and command.writes)]


def bindings_at(place: Place) -> list[Binding]:
    """Return the key bindings of a screen (or of the app, for ANYWHERE); the user's keymap goes by their ids."""
    return [
        Binding(command.keys, command.name, command.label, show=False, id=command.name)
        for command in COMMANDS
        if place in command.places
    ]


def key_label(command: Command, keys: Mapping[str, str]) -> str:
    """Return the first key that runs a command, as people write it: `/`, `esc`, `^p`; `keys` is the user's keymap."""
    first = keys.get(command.name, command.keys).split(",")[0].strip()
    return _KEY_LABELS.get(first, first).replace("ctrl+", "^")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that hints may name: the user's before the built-in ones, and none for what --read-only hides."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    """The user's keymap."""
    is_read_only: bool = False
    """Whether what writes is hidden."""

    def of(self, name: str) -> str:
        """Return the key that runs a command, as a sentence names it; empty if none does."""
        command = BY_NAME[name]
        if command.writes and self.is_read_only:
            return ""
        label = key_label(command, self.chosen)
        return "the comma key" if label == "," else label  # by itself it would be punctuation

    @property
    def chosen_keys(self) -> set[str]:
        """All keys of the user's keymap, as Textual writes them."""
        return {key.strip() for keys in self.chosen.values() for key in keys.split(",")}

    def refuse(self, key: str) -> str:
        """Return that a key does nothing on the screen in front, and what it does on another one."""
        key = _KEY_LABELS.get(key, key)
        meant = next((each.label for each in COMMANDS if key in all_key_labels(each, self.chosen).split()), "")
        what = f"{key} ({meant})" if meant else key
        return f"{what} does nothing on this screen. Press {self.of('help')} for its keys."

    def row(self, *names: str) -> str:
        """Return the keys of commands that belong together: `up/down`."""
        return "/".join(key_label(BY_NAME[name], self.chosen) for name in names)


def all_key_labels(command: Command, keys: Mapping[str, str]) -> str:
    """Return every key that runs a command: `^p :`."""
    chosen = keys.get(command.name, command.keys).split(",")
    return " ".join(_KEY_LABELS.get(key.strip(), key.strip()).replace("ctrl+", "^") for key in chosen)

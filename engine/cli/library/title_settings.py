"""`discpress set`: stores the settings of one title, or shows the settings in force and their origins."""

import argparse
from dataclasses import dataclass
from enum import StrEnum

from discpress.engine.cli.images.options import take_settings
from discpress.engine.cli.library.named_titles import titles_named
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import open_store, read_config
from discpress.engine.config import Config
from discpress.engine.convert.choice import ChosenSettings, resolve_settings
from discpress.engine.convert.request import merge_requests
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import DEFAULT_LEVEL
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.request import FORM, ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.targets import AUTO
from discpress.engine.targets.by_system import target_name


class Origin(StrEnum):
    """The origins of a setting."""

    TITLE = "title"
    SETTINGS = "settings"
    TARGET = "target"
    DEFAULT = "default"


_SAID = {
    Origin.TITLE: "set for this title",
    Origin.SETTINGS: "settings file",
    Origin.TARGET: "best for the target",
    Origin.DEFAULT: "default",
}


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting that a conversion of the title would use now."""

    key: str
    """Its field in the request."""
    value: object
    """Its value."""
    origin: Origin
    """Its origin."""
    note: str = ""
    """A remark on the origin."""

    @property
    def text(self) -> str:
        """The setting as a line of text."""
        shown = "+".join(self.value) if isinstance(self.value, tuple) else str(self.value)
        return f"  {self.key.replace('_', ' '):<11} {shown:<10} {_SAID[self.origin]}{self.note}"


def run_set(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `set`; return the exit code."""
    notices: list[str] = []
    request = take_settings(arguments, notices)
    is_question = request == ConversionRequest() and not arguments.defaults
    for notice in notices:
        printer.notice(notice)
    exit_code = 0
    with open_store(arguments, printer) as store:
        for title in titles_named(store.titles(), arguments.title):
            if is_question:
                exit_code = _show(title, read_config(), printer) or exit_code
                continue
            before = None if arguments.defaults else store.settings_for(title.path)
            chosen = merge_requests(request, before)  # what is not chosen stays
            store.save_settings(title.path, chosen)
            printer.event("set", _facts(title, chosen), f"{display_name(title.path)}: {_describe(chosen)}")
    return exit_code


def _facts(title: Title, chosen: ConversionRequest) -> dict[str, object]:
    return {"path": str(title.path), **{key: getattr(chosen, key) or None for key in FORM}}


def _show(title: Title, config: Config, printer: Printer) -> int:
    """Print the settings in force for a title and their origins; return the exit code."""
    chosen = title.overrides or ConversionRequest()
    name = display_name(title.path)
    if title.error or not title.original_bytes:
        printer.event("set", _facts(title, chosen), f"{name}: {_describe(chosen)}")
        printer.notice(f"it cannot be converted: {title.error or 'it is empty'}", title.path)
        return 0
    request = merge_requests(ConversionRequest(), chosen, config.request, title.system)
    try:
        choice = resolve_settings(name, title.original_bytes, title.system, request, tracks=title.tracks)
    except DiscpressError as error:
        printer.event("set", _facts(title, chosen), f"{name}: {_describe(chosen)}")
        printer.error(error, title.path)
        return error.exit_code
    found = _in_force(chosen, request, config, choice, title.system)
    facts = {
        **_facts(title, chosen),
        "in_force": {each.key: each.value for each in found},
        "origin": {each.key: str(each.origin) for each in found},
    }
    printer.event("set", facts, "\n".join([name, *(each.text for each in found)]))
    for notice in choice.notices:
        printer.notice(notice, title.path)
    return 0


def _in_force(
    chosen: ConversionRequest, request: ConversionRequest, config: Config, choice: ChosenSettings, system: str
) -> list[InForce]:
    """Return the settings of a title one by one; `request` combines the title's settings with the settings file."""
    settings = choice.settings

    def origin(key: str) -> Origin:
        if getattr(chosen, key):
            return Origin.TITLE
        return Origin.SETTINGS if getattr(request, key) else Origin.TARGET

    named = target_name(config.targets, system) != AUTO
    target = Origin.TITLE if chosen.target else Origin.SETTINGS if named else Origin.DEFAULT
    by_system = ": by the disc's system" if request.target == AUTO else ""
    found = [
        InForce("target", choice.target.name, target, by_system),
        InForce("format", settings.format, origin("format")),
    ]
    if settings.is_plain:
        return found
    level = Origin.TITLE if chosen.level else Origin.DEFAULT if config.level == DEFAULT_LEVEL else Origin.SETTINGS
    highest = "" if request.level in {None, settings.level} else f": {request.level}, above the codec's highest"
    found += [
        InForce("block_size", settings.block_size, origin("block_size")),
        InForce("level", settings.level, level, highest),
    ]
    if settings.methods:
        return [*found, InForce("methods", settings.methods, origin("methods"))]
    alignment = Origin.TITLE if chosen.alignment else Origin.DEFAULT
    return [*found, InForce("alignment", 1 << choice.index_shift, alignment)]


def _describe(chosen: ConversionRequest) -> str:
    values = {key: value for key in FORM if (value := getattr(chosen, key))}
    if chosen.methods:
        values["methods"] = ", ".join(chosen.methods)
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items()) or "follows the defaults"

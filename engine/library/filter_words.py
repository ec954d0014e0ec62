"""The words of a filter: text, `!` before a word, `key:value` and comparisons, for rows of any kind."""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, NoReturn, TypeVar

from discpress.engine.errors import UsageError
from discpress.engine.names import display_name, fold
from discpress.engine.units import parse_size

RowT = TypeVar("RowT")

_KEYED = re.compile(r"([a-z]+)(:|[<>]=?)(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_PERCENT = re.compile(r"(-?[0-9]{1,6}(?:\.[0-9]{1,6})?)%?", re.ASCII)
_DAYS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)d?", re.ASCII)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Choice(Generic[RowT]):
    """A word before a colon."""

    value_of: Callable[[RowT], str]
    """The value of a row; a beginning of it is enough."""
    allowed: Callable[[], Collection[str]] = tuple
    """All values; empty if any text may be one."""
    aliases: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Other words, each with the values that it means."""


class Measure(NamedTuple, Generic[RowT]):
    """A word before a comparison."""

    value_of: Callable[[RowT], float | None]
    """The number of a row; one without matches no comparison."""
    limit_of: Callable[[str], float]
    """Reads the number to compare with. Raises ValueError."""
    expected: str
    """Description of such a number, with an example."""


class Vocabulary(NamedTuple, Generic[RowT]):
    """The words that select rows of one kind."""

    text_of: Callable[[RowT], str]
    """The folded text of a row that words without a key are looked for in."""
    choices: Mapping[str, Choice[RowT]]
    """The words before a colon."""
    measures: Mapping[str, Measure[RowT]]
    """The words before a comparison."""

    def parse(self, text: str) -> Callable[[RowT], bool]:
        """Return the predicate of a filter; an empty filter selects every row.

        UsageError for an unknown key or an invalid value, with the word and the allowed ones.
        """
        predicates = [self._parse_word(word) for word in text.split()]
        if not predicates:
            return lambda row: True
        if len(predicates) == 1:
            return predicates[0]
        return lambda row: all(predicate(row) for predicate in predicates)

    def _parse_word(self, word: str) -> Callable[[RowT], bool]:
        wanted = word.lstrip("!")
        if not wanted:
            return lambda row: True  # a lone `!` is an unfinished word
        predicate = self._parse_positive(wanted)
        if (len(word) - len(wanted)) % 2:
            return lambda row: not predicate(row)
        return predicate

    def _parse_positive(self, word: str) -> Callable[[RowT], bool]:
        match = _KEYED.fullmatch(word)
        key, sign, value = (match[1].casefold(), match[2], match[3]) if match else ("", "", "")
        # `kain:` may be part of a title; only with text after the colon is it an unknown key.
        if match is None or (not value and key not in self.choices and key not in self.measures):
            text = fold(word)
            return lambda row: text in self.text_of(row)
        if sign == ":":
            return self._parse_choice(word, key, fold(value))
        return self._parse_comparison(word, key, sign, value)

    def _parse_choice(self, word: str, key: str, value: str) -> Callable[[RowT], bool]:
        if key not in self.choices:
            refuse(f"{display_name(word)}: unknown word before the colon", key, tuple(self.choices))
        choice = self.choices[key]
        allowed = choice.allowed()
        if value in choice.aliases:
            meant = choice.aliases[value]
            return lambda row: choice.value_of(row) in meant or choice.value_of(row).startswith(value)
        if allowed and not any(each.startswith(value) for each in allowed):
            refuse(f"{display_name(word)}: no such {key}", value, allowed)
        return lambda row: choice.value_of(row).casefold().startswith(value)

    def _parse_comparison(self, word: str, key: str, sign: str, value: str) -> Callable[[RowT], bool]:
        if key not in self.measures:
            refuse(f"{display_name(word)}: cannot be compared", key, tuple(self.measures))
        measure, compare = self.measures[key], _COMPARE[sign]
        try:
            limit = measure.limit_of(value)
        except ValueError as error:
            raise UsageError(f"{display_name(word)}: expected {measure.expected}") from error

        def predicate(row: RowT) -> bool:
            number = measure.value_of(row)
            return number is not None and compare(number, limit)

        return predicate


def percent_of(value: str) -> float:
    """Return a percentage, with or without the sign. Raises ValueError."""
    return _number(_PERCENT, value)


def days_of(value: str) -> float:
    """Return a number of days, with or without a `d`. Raises ValueError."""
    return _number(_DAYS, value)


def _number(pattern: re.Pattern[str], value: str) -> float:
    match = pattern.fullmatch(value)
    if match is None:
        raise ValueError(value)
    return float(match[1])


def size_measure(value_of: Callable[[RowT], float | None], key: str = "size") -> Measure[RowT]:
    """Return the comparison of a size in bytes."""
    return Measure(value_of, parse_size, f"a size, like {key}>700M or {key}<4G")


def refuse(message: str, word: str, allowed: Collection[str]) -> NoReturn:
    """Raise UsageError about a word that is none of the allowed ones, with the nearest one as a hint."""
    import difflib  # noqa: PLC0415 - for mistakes only

    matches = difflib.get_close_matches(word, allowed, n=1)
    meant = f"did you mean {matches[0]}?" if matches else ""
    raise UsageError(f"{message}: expected one of {', '.join(allowed)}", hint=meant)

"""Plain English, as far as it can be counted in docstrings and comments."""

import pytest
from english import MOST_WHERE, Counts, Module, modules_now


@pytest.mark.slow
def test_no_module_docstring_begins_with_a_question() -> None:
    """What/Which/Where/How/Why: a noun phrase or a verb is shorter, and names its subject."""
    assert [module.name for module in modules_now() if module.begins_with_a_question] == []


@pytest.mark.slow
def test_where_is_kept_for_places() -> None:
    """Conditions are `if` and `when`."""
    assert Counts.of(modules_now()).shares["where"] < MOST_WHERE


def test_docstrings_of_all_kinds_and_comments_are_counted() -> None:
    """The test of the test; code, names and other strings are not."""
    text = '''\
"""Where it is."""

where = "where"  # where this is said
class A:
    """Where."""

    field: int
    """Told where."""

    def where(self) -> None:
        """Return if it says so."""
'''
    module = Module("a.py", text)
    counts = Counts.of([module])
    assert module.begins_with_a_question
    assert counts.words == 15
    assert counts.shares == {
        "where": 4 / 15 * 10_000,
        "if, when": 1 / 15 * 10_000,
        "say, said, tell, told": 3 / 15 * 10_000,
        "what is/it/they/has ...": 0,
    }

"""Plain English, as far as it can be counted in docstrings and comments."""

from english import Counts, Module


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

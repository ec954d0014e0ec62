"""Columns of text stand under each other, whatever their characters."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from discpress.engine.cli.output.tables import format_table

CELLS = st.text(st.sampled_from("abc .日é\u0301\x7f"), max_size=80)


@given(st.lists(st.tuples(CELLS, st.just("x")), max_size=5))
@example([("plain", "x"), ("日本", "x"), ("a" * 70, "x"), ("日" * 40, "x")])
@settings(max_examples=60)
def test_the_second_column_begins_in_the_same_cell_of_each_line(rows: list[tuple[str, str]]) -> None:
    lines = format_table(("TITLE", "X"), rows, flexible=0, right=()).split("\n")

    assert len(lines) == len(rows) + 1
    assert len({cell_len(line) for line in lines}) == 1

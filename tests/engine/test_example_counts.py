"""Each property test tries its own share of examples, however many cases it has."""

import pytest
from example_counts import scale_examples
from hypothesis import given, settings
from hypothesis import strategies as st


class Case:
    """An item of pytest, as far as it is looked at."""

    def __init__(self, test: object) -> None:
        self.obj = test


@pytest.mark.parametrize(("times", "expected"), [(0.5, 20), (20, 800), (0.001, 10)])
def test_the_cases_of_a_test_share_its_number(times: float, expected: int) -> None:
    tried = []

    @settings(max_examples=40, database=None, derandomize=True)
    @given(st.integers())
    def test(number: int) -> None:
        tried.append(number)

    scale_examples([Case(test), Case(test), Case(print)], times)  # type: ignore[list-item]
    test()
    assert len(tried) == expected


def test_a_test_of_few_examples_keeps_them_all() -> None:
    tried = []

    @settings(max_examples=4, database=None, derandomize=True)
    @given(st.integers())
    def test(number: int) -> None:
        tried.append(number)

    scale_examples([Case(test)], 0.25)  # type: ignore[list-item]
    test()
    assert len(tried) == 4

"""The number of examples that the property tests try: a quarter of their own number in each run, many more by hand."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

IN_EACH_RUN = 0.25
"""Examples are the same in each run, so that further ones would find no more; `make examples` tries new ones."""
FEWEST = 10
"""What a test has at least in each run, if its own number is not lower."""
BY_HAND = 20
_SETTINGS = "_hypothesis_internal_use_settings"


def scale_examples(items: Iterable[pytest.Item], times: float) -> None:
    """Let each property test try so many times its own number of examples, but ten if it has as many.

    The cases of a test share its number.
    """
    done: set[int] = set()
    for item in items:
        test: Any = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)
        own = getattr(test, _SETTINGS, None)
        if own is not None and id(test) not in done:
            done.add(id(test))
            examples = max(min(FEWEST, own.max_examples), round(own.max_examples * times))
            setattr(test, _SETTINGS, settings(own, max_examples=examples))

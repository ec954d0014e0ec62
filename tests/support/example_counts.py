"""The number of examples that the property tests try: half of their own number in each run, many more by hand."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

IN_EACH_RUN = 0.5
"""Examples are the same in each run, so that further ones would find no more; `make examples` tries new ones."""
BY_HAND = 20
_SETTINGS = "_hypothesis_internal_use_settings"


def scale_examples(items: Iterable[pytest.Item], times: float) -> None:
    """Let each property test try so many times its own number of examples; the cases of a test share its number."""
    done: set[int] = set()
    for item in items:
        test: Any = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)
        own = getattr(test, _SETTINGS, None)
        if own is not None and id(test) not in done:
            done.add(id(test))
            setattr(test, _SETTINGS, settings(own, max_examples=max(1, round(own.max_examples * times))))

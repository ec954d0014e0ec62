"""The JSON form of a conversion request in the state file."""

import json
from dataclasses import fields
from enum import Enum
from functools import lru_cache

from discpress.engine.formats import HIGHEST_LEVEL
from discpress.engine.images.registry import is_block_size
from discpress.engine.request import ON_REQUEST, ConversionRequest
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import fields_in, load_object

_ELSEWHERE = {"output_path", "output_folder", "force", "replaces_source", "targets"}
"""The fields that have columns of their own, follow from the kind, or that the target of the job replaces."""
_LATER = {"accept_incomplete", "any_system", "one_bin", "playlists", "unpacks", "use_all_space"}
"""Options unknown to older releases, stored only if they are set: then those releases read all other jobs."""
_NAMES = [each.name for each in fields(ConversionRequest) if each.name not in _ELSEWHERE]


def request_json(asked: ConversionRequest) -> dict[str, JsonValue]:
    """Return a request as a JSON object that `request_of` converts back, without the output of a job."""
    values = {name: getattr(asked, name) for name in _NAMES}
    return {name: _plain(value) for name, value in values.items() if value or name not in _LATER}


def request_of(value: JsonValue) -> ConversionRequest:
    """Return the request in a JSON object; a missing choice has its default.

    Raises ValueError or TypeError if it is malformed, and for a choice unknown to this release, because a choice must
    not be dropped silently.
    """
    if not isinstance(value, dict):
        raise ValueError("not an object")
    asked = ConversionRequest(**{**value, **fields_in(ConversionRequest, value)})
    is_allowed = (
        (asked.block_size is None or is_block_size(asked.block_size))
        and (asked.level is None or asked.level <= HIGHEST_LEVEL)
        and (asked.alignment is None or (asked.alignment > 0 and asked.alignment & (asked.alignment - 1) == 0))
        and {*asked.digests} <= {*ON_REQUEST}
    )
    if not is_allowed:
        raise ValueError("out of range")
    return asked


# A queue has few different requests; sharing them halves the time to read 5,000 jobs.
@lru_cache(maxsize=1024)
def request_from(text: str) -> ConversionRequest:
    """Return the request in a JSON text. Raises ValueError or TypeError as `request_of` does."""
    return request_of(load_object(text))


@lru_cache(maxsize=1024)
def request_text(asked: ConversionRequest) -> str:
    """Return a request as JSON that `request_from` converts back."""
    return json.dumps(request_json(asked))


def _plain(value: object) -> JsonValue:
    """Return a value of a request as JSON."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} in a request cannot be kept in the queue")

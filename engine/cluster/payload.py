"""The task that another machine gets, and its result: plain data, with a version."""

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from discpress.engine.cluster.progress import is_count
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.elsewhere import Packed
from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.errors import ClusterError, DiscpressError
from discpress.engine.measure.placement import Speeds
from discpress.engine.measure.speeds import Measured
from discpress.engine.queue.tasks.request_json import request_json, request_of
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.fingerprint import Fingerprint
from discpress.engine.shares.paths import SharePath
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import has_schema

SCHEMA = 1
_COUNTS = ("done_bytes", "part_bytes", "blocks", "index_crc32", "source_crc32")
_RATES = ("read_rate", "write_rate", "pack_rate", "decode_rate")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Payload:
    """One title to pack on another machine."""

    task: str
    """The owner of the part: unlike that of any other job of any queue."""
    source: SharePath
    """The image."""
    seen: Fingerprint
    """The image as the owner sees it."""
    output: SharePath
    """The final name of the result; only the part next to it is written."""
    request: ConversionRequest
    """The settings."""
    made_by: str
    """Settings, kernel and library versions that the packed bytes depend on."""
    original_bytes: int
    """Decoded size of the image."""
    max_file_bytes: int | None
    """Most bytes that a file may have there."""
    checkpoint: Checkpoint | None
    """The place to continue at; None for the beginning."""

    def to_plain(self) -> dict[str, JsonValue]:
        """Return the payload as plain data that `from_plain` converts back."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "source": [self.source.share_id, self.source.path],
            "seen": [self.seen.size_bytes, self.seen.mtime_ns, self.seen.head],
            "output": [self.output.share_id, self.output.path],
            "request": request_json(self.request),
            "made_by": self.made_by,
            "original_bytes": self.original_bytes,
            "max_file_bytes": self.max_file_bytes,
            "checkpoint": None if self.checkpoint is None else checkpoint_json(self.checkpoint),
        }

    @classmethod
    def from_plain(cls, facts: JsonValue) -> "Payload":
        """Return the payload in plain data. Raises ClusterError if anything is not as expected."""
        return _read(facts, cls._from)

    @classmethod
    def _from(cls, facts: Mapping[str, JsonValue]) -> "Payload":
        limit, checkpoint = facts["max_file_bytes"], facts["checkpoint"]
        return cls(
            _text(facts["task"]),
            _shared(facts["source"]),
            _seen(facts["seen"]),
            _shared(facts["output"]),
            request_of(facts["request"]),
            _text(facts["made_by"]),
            _count(facts["original_bytes"]),
            None if limit is None else _count(limit),
            None if checkpoint is None else checkpoint_of(checkpoint),
        )


def packed_json(packed: Packed) -> dict[str, JsonValue]:
    """Return a result as plain data that `packed_of` converts back."""
    return {
        "schema": SCHEMA,
        "digests": dict(packed.digests.values),
        "size_bytes": packed.digests.size_bytes,
        "chunks": _packed_text(packed.chunks),
        "head": _packed_text(packed.head),
        "part_bytes": packed.part_bytes,
    }


def packed_of(facts: JsonValue) -> Packed:
    """Return the result in plain data. Raises ClusterError if anything is not as expected."""
    return _read(facts, _packed_of)


def _packed_of(facts: Mapping[str, JsonValue]) -> Packed:
    values = facts["digests"]
    if not isinstance(values, dict):
        raise ValueError("no digests")
    digests = DigestSet({name: _text(value) for name, value in values.items()}, _count(facts["size_bytes"]))
    return Packed(digests, _bytes(facts["chunks"]), _head(facts["head"]), _count(facts["part_bytes"]))


def checkpoint_json(checkpoint: Checkpoint) -> dict[str, JsonValue]:
    """Return a checkpoint as plain data, without the identity of the source, which differs between machines."""
    facts = asdict(checkpoint)
    return {
        **{name: facts[name] for name in _COUNTS},
        "made_by": checkpoint.made_by,
        "head": _packed_text(checkpoint.head),
    }


def checkpoint_of(value: JsonValue, identity: tuple[int, ...] = ()) -> Checkpoint:
    """Return the checkpoint in plain data. Raises ValueError, TypeError or KeyError."""
    if not isinstance(value, dict):
        raise ValueError("no checkpoint")
    done_bytes, part_bytes, blocks, index_crc32, source_crc32 = (_count(value[name]) for name in _COUNTS)
    made_by, head = _text(value["made_by"]), _head(value["head"])
    return Checkpoint(done_bytes, part_bytes, blocks, index_crc32, source_crc32, identity, made_by, head)


def with_identity(checkpoint: Checkpoint | None, identity: tuple[int, ...]) -> Checkpoint | None:
    """Return a checkpoint of another machine with the identity of the source on this one."""
    return None if checkpoint is None else replace(checkpoint, identity=identity)


def measured_json(found: Measured) -> dict[str, JsonValue]:
    """Return measured speeds as plain data."""
    facts = asdict(found.speeds)
    return {**{name: facts[name] for name in _RATES}, "packed_share": found.packed_share}


def measured_of(facts: Mapping[str, JsonValue], machine: str) -> Measured:
    """Return the speeds of a machine in plain data. Raises ClusterError if they are not as expected."""
    try:
        read, write, pack, decode, share = (_rate(facts[name]) for name in (*_RATES, "packed_share"))
    except (ValueError, KeyError, OverflowError) as error:
        raise ClusterError(
            f"{machine}: sent something unexpected: {error}",
            hint="install the same version of discpress on all machines",
        ) from error
    return Measured(Speeds(machine, read, write, pack, decode), share)


def error_json(error: DiscpressError) -> dict[str, JsonValue]:
    """Return an error as plain data."""
    return {"code": error.code, "message": str(error), "hint": error.hint}


def _read(facts: JsonValue, read: Callable[[Mapping[str, JsonValue]], T]) -> T:
    try:
        if not isinstance(facts, dict) or not has_schema(facts, SCHEMA):
            raise ValueError("another version made it")
        return read(facts)
    except (ValueError, TypeError, KeyError, DiscpressError) as error:
        raise ClusterError(
            f"another machine sent something unexpected: {error}",
            hint="install the same version of discpress on all machines",
        ) from error


def _shared(value: JsonValue) -> SharePath:
    share_id, path = _items(value, 2)
    if not path:
        raise ValueError("the root of a share is no file")
    return SharePath(_text(share_id), _text(path))


def _seen(value: JsonValue) -> Fingerprint:
    size_bytes, mtime_ns, head = _items(value, 3)
    if type(mtime_ns) is not int:
        raise ValueError("no time")
    return Fingerprint(_count(size_bytes), mtime_ns, _text(head))


def _items(value: JsonValue, count: int) -> list[JsonValue]:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError("a list is not as expected")
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _count(value: JsonValue) -> int:
    if not is_count(value):
        raise ValueError("no count")
    return value


def _rate(value: JsonValue) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("no number")
    rate = float(value)
    if not 0 < rate < math.inf:
        raise ValueError("no rate")
    return rate


def _packed_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(value: JsonValue) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError("no bytes") from error


def _head(value: JsonValue) -> bytes:
    head = _bytes(value)
    if len(head) != HEAD_BYTES:
        raise ValueError("no head")
    return head

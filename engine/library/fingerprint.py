"""Fingerprints of files: a few sampled clusters, read in milliseconds, that tell equal sizes and times apart."""

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import xxhash

from discpress.engine.images.source import FileSource
from discpress.engine.units import KIB

CLUSTER_BYTES = 16 * KIB
SAMPLED = 16
"""Clusters between the first and the last one."""
_SIZE_BYTES = 16


def cluster_numbers(size_bytes: int) -> Sequence[int]:
    """Return the clusters that a fingerprint reads: first, last and 16 evenly placed ones; all of a small file."""
    clusters = -(-size_bytes // CLUSTER_BYTES)
    if clusters <= SAMPLED + 2:
        return range(clusters)
    inner = clusters - 2
    return [0, *(1 + (2 * number + 1) * inner // (2 * SAMPLED) for number in range(SAMPLED)), clusters - 1]


def fingerprint_of_set(paths: Sequence[Path]) -> tuple[str, list[os.stat_result]]:
    """Return the fingerprint of a set of files, and their stat results; that of one file is its own.

    Raises StorageError.
    """
    return _joined([fingerprint_of(path) for path in paths])


def fingerprint_of_files(files: Sequence[FileSource], paths: Sequence[Path]) -> tuple[str, list[os.stat_result]]:
    """Return the same for open files; one that was closed is opened again at its place in `paths`."""
    pairs = zip(files, paths, strict=True)
    return _joined([fingerprint_of_open(file) if file.is_open else fingerprint_of(path) for file, path in pairs])


def _joined(found: Sequence[tuple[str, os.stat_result]]) -> tuple[str, list[os.stat_result]]:
    facts = [each for _, each in found]
    if len(found) == 1:
        return found[0][0], facts
    return xxhash.xxh3_128("".join(each for each, _ in found).encode()).hexdigest(), facts


def fingerprint_of(path: Path) -> tuple[str, os.stat_result]:
    """Return the fingerprint of a file and its stat result: XXH3-128 of its size and its sampled clusters, as hex.

    Raises StorageError.
    """
    with closing(FileSource(path)) as file:
        return fingerprint_of_open(file)


def fingerprint_of_open(file: FileSource) -> tuple[str, os.stat_result]:
    """Return the same for a file that is open: its stat result is from before the reads. Raises StorageError."""
    facts = file.stat()
    digest = xxhash.xxh3_128(facts.st_size.to_bytes(_SIZE_BYTES, "little"))
    buffer = bytearray(CLUSTER_BYTES)
    for number in cluster_numbers(facts.st_size):
        count = file.read_into(buffer, number * CLUSTER_BYTES)
        digest.update(memoryview(buffer)[:count])
    return digest.hexdigest(), facts

"""Sampling: the parts of an image that represent it, and the margin of their packed sizes. Accesses no file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import KIB

CLUSTER_BYTES = 16 * KIB
"""The best size on game discs with 16 MiB in all: p95 error 0.8 %; clusters of 64 KiB give 2.1 %."""
SEEKING_CLUSTER_BYTES = 64 * KIB
"""For storage that takes a seek or a round trip for each read: a quarter of the reads for the same bytes."""
MIN_CLUSTERS = 16
"""Fewer give no useful variance; for blocks of 1 MiB the budget grows to this number."""

Z = 1.959963984540054
"""The normal quantile of a two-sided 95 % margin."""
UNSEEN_CLUSTERS = 3
"""The rule of three, see `_margin`."""

_MIN_FREEDOM = 2.0  # below it the expansion of Student's t is too inaccurate


class Span(NamedTuple):
    """A piece of the decoded image, in bytes; one of a whole sample is a chunk."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Parts of an image that are packed instead of the whole image."""

    clusters: tuple[Span, ...]
    """The parts that represent others, ascending and of one size; in a whole sample the chunks of the image."""
    population: int
    """Number of clusters they represent, themselves included; equal to len(clusters) in a whole sample."""
    edges: tuple[Span, ...]
    """The first cluster, the last one and any rest after it: always packed, representing only themselves.
    Discs begin and end with padding, which the picks between may miss. Empty in a whole sample."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """All parts, ascending."""
        return self.edges[:1] + self.clusters + self.edges[1:]

    @property
    def sampled_bytes(self) -> int:
        """Bytes of the image in it."""
        return sum(length for _, length in self.spans)


class Form(Protocol):
    """The form of a packed file, as far as sizes need it; a `Layout` has it."""

    @property
    def block_size(self) -> int:
        """Decoded bytes of a block."""

    @property
    def alignment(self) -> int:
        """The fewest bytes that a block takes."""

    def file_bytes(self, stored_bytes: int) -> int:
        """Return the length of a file whose blocks take so many bytes."""


class Sizes(NamedTuple):
    """Sizes of a packed file, bytes: header, index, alignment and end padding included."""

    packed_bytes: int
    low_bytes: int
    high_bytes: int


def cluster_bytes_for(file_system: FileSystem, largest_block: int) -> int:
    """Return the bytes of one cluster: larger on rotating or network storage, and whole blocks."""
    seeks = file_system.is_remote or bool(file_system.is_rotational)
    least = SEEKING_CLUSTER_BYTES if seeks else CLUSTER_BYTES
    return -(-least // largest_block) * largest_block


def whole_sample(image_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> Sample:
    """Return a sample of the whole image: every chunk, as a conversion packs it."""
    chunks = tuple(
        Span(offset, min(chunk_bytes, image_bytes - offset)) for offset in range(0, image_bytes, chunk_bytes)
    )
    return Sample(chunks, len(chunks), ())


def draw_sample(
    image_bytes: int, cluster_bytes: int, budget_bytes: int, position: float, chunk_bytes: int = CHUNK_BYTES
) -> Sample:
    """Return a systematic sample: one cluster in each of n equal intervals, always at the same place of its interval.

    `position`, uniform in [0, 1), is the random start. Every cluster has the same chance n / population, even if the
    interval is not a whole number: each cluster owns n of the n * population values start + i * population. With equal
    `position` a sample contains the clusters of one that is a whole number of times smaller. A budget that covers the
    image gives the whole sample, in chunks of `chunk_bytes`. `cluster_bytes` is a whole number of blocks.
    """
    last, tail_bytes = divmod(image_bytes, cluster_bytes)
    last -= 1
    population = last - 1
    count = max(MIN_CLUSTERS, budget_bytes // cluster_bytes)
    if count >= population:
        return whole_sample(image_bytes, chunk_bytes)
    start = int(position * (population * count)) % population
    numbers = (1 + (start + index * population) // count for index in range(count))
    clusters = tuple(Span(number * cluster_bytes, cluster_bytes) for number in numbers)
    edges = [Span(0, cluster_bytes), Span(last * cluster_bytes, cluster_bytes)]
    if tail_bytes:
        edges.append(Span(image_bytes - tail_bytes, tail_bytes))
    return Sample(clusters, population, tuple(edges))


def project(sample: Sample, stored_bytes: Sequence[int], layout: Form) -> Sizes:
    """Return the size of the whole file, with its 95 % margin, from the packed sizes of a sample's spans.

    `stored_bytes` has one entry for each of `sample.spans`, alignment included. The margin is cut to the possible
    sizes: a block outside the sample takes at least one step of alignment and at most its own size. A whole sample
    gives the exact size three times.
    """
    count = len(sample.clusters)
    unseen = sample.population - count
    measured = sum(stored_bytes)
    total = low = high = float(measured)
    if unseen:
        cluster_bytes = sample.clusters[0].length
        least = cluster_bytes // layout.block_size * layout.alignment
        mean = sum(stored_bytes[1 : count + 1]) / count
        below, above = _margin(stored_bytes[: count + 2], sample.population, least, cluster_bytes)
        total = measured + unseen * mean
        low = max(total - below, measured + unseen * least)
        high = min(total + above, measured + unseen * cluster_bytes)
    return Sizes(*(layout.file_bytes(each) for each in (round(total), int(low), math.ceil(high))))


def _margin(lengths: Sequence[int], population: int, least: int, most: int) -> tuple[float, float]:
    """Return how far the total of `population` clusters may be below and above its estimate, at 95 %.

    `lengths` are those of the n picks x_i, between those of the first and of the last cluster of the image; `least` and
    `most` are the limits of any cluster. The variance of the mean comes from overlapping successive differences with
    the finite-population correction, (1 - n/N) / n * sum (x_i - x_{i+1})^2 / 2(n - 1): estimator v2 in Wolter,
    Introduction to Variance Estimation (2nd ed., 2007), chapter 8. Neighbouring clusters are alike, because discs are
    files one after the other; the formula of a random sample would give two to three times the margin.

    Three more errors are added, each some hundredths of the margin on a usual disc:
    - Single odd clusters (p_i = -d_i d_{i+1} > 0, d the differences) could also have been missed. So Student's t
      replaces the normal quantile, with (sum d^2)^2 / 2 sum p^2 degrees of freedom (Satterthwaite): 2 if one odd
      cluster makes all the variance, 0.4 n if all are alike. Borders between files have p = 0, because they hide
      little.
    - The parts before the first and after the last pick, and a steady rise between them, depend only on the start, by
      at most half the difference, of one cluster in n. These count as independent errors.
    - If all picks are equal, up to 3/n of the others may still be anything (rule of three: (1 - 3/n)^n is 5 %).
    """
    first, *picks, last = lengths
    count = len(picks)
    if min(picks) == max(picks):
        unseen = (population - count) * min(1.0, UNSEEN_CLUSTERS / count)
        return unseen * (picks[0] - least), unseen * (most - picks[0])
    differences = [float(other - one) for one, other in pairwise(picks)]
    total = sum(difference * difference for difference in differences)
    odd = sum(min(0.0, one * other) ** 2 for one, other in pairwise(differences))
    freedom = max(_MIN_FREEDOM, total * total / (2 * odd)) if odd else math.inf
    variance = (1 - count / population) / count * total / (2 * (count - 1))
    half_width = population * math.hypot(
        _student_quantile(freedom) * math.sqrt(variance),
        (picks[0] - first) / (2 * count),
        (picks[-1] - picks[0]) / (2 * (count - 1)),
        (last - picks[-1]) / (2 * count),
    )
    return half_width, half_width


def _student_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t: Abramowitz and Stegun 26.7.5, 3 % short at 2, 0.1 % at 5."""
    z = Z
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))

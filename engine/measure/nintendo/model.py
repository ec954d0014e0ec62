"""A survey: the measurements of one disc so far, under one or several settings of a format that nod-rs writes."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from discpress.engine.measure.sample import Sizes


class Measured(NamedTuple):
    """The size of a file under one of the settings."""

    sizes: Sizes
    sampled_bytes: int
    """Bytes of the disc that it follows from; all of them if it is exact."""


class DiscSurvey(ABC):
    """The measurements of one disc so far."""

    @abstractmethod
    def measure(self, budget_bytes: int, position: float, whole_below_bytes: int) -> list[Measured]:
        """Measure a sample and return the size under each of the settings.

        Discs below `whole_below_bytes` are measured whole. `position`, uniform in [0, 1), is the start of the sample.
        Raises the errors of reading the disc.
        """

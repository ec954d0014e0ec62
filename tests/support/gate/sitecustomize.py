"""Python imports this at its start if this folder is in PYTHONPATH: work then holds where a test has closed a gate.

See tests/support/gates.py, which closes and opens it.
"""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

_GATE = Path(os.environ["DISCPRESS_TEST_GATE"])
_LOOK_S = 0.005


def _hold(stage: str, place: int, check: Callable[[], object]) -> None:
    """Hold while the gate is closed at this stage, here or before; `check` obeys whatever is asked for meanwhile."""
    while True:
        try:
            closed_stage, closed_place = _GATE.read_text().split()
        except (FileNotFoundError, ValueError):
            return  # open, or about to be closed
        if closed_stage != stage or int(closed_place) > place:
            return
        _GATE.with_suffix(".reached").touch()
        time.sleep(_LOOK_S)
        check()


def _hold_chunks(pipeline: ModuleType) -> None:
    from discpress.engine.convert.pipeline import _Engine

    class Engine(_Engine):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            # What reads a result back has room for packed bytes too, but writes nothing.
            self._stage = "packing" if self._work.with_packed and self._work.write else "reading"

        def _rest_before(self, number: int) -> None:
            super()._rest_before(number)
            _hold(self._stage, number, lambda: super(Engine, self)._rest_before(number))

    pipeline.__dict__["_Engine"] = Engine


def _hold_estimates(rehearsal: ModuleType) -> None:
    real: Any = rehearsal.rehearse

    @functools.wraps(real)
    def rehearse(*words: Any, check: Callable[[], object], **options: Any) -> Any:
        slices = iter(range(1 << 62))

        def checked() -> None:
            check()
            _hold("estimating", next(slices), check)

        return real(*words, check=checked, **options)

    rehearsal.__dict__["rehearse"] = rehearse


def _hold_seeks(seek: ModuleType) -> None:
    real: Any = seek.measure_seeks
    places = iter(range(1 << 62))

    @functools.wraps(real)
    def measure_seeks(*words: Any, watch: Callable[[Sequence[float], int], object], **options: Any) -> Any:
        _hold("seeking", next(places), lambda: watch((), 0))
        return real(*words, watch=watch, **options)

    seek.__dict__["measure_seeks"] = measure_seeks


def _hold_copies(copying: ModuleType) -> None:
    from discpress.engine.deploy.copying import TitleCopy
    from discpress.engine.progress import Control

    class HeldControl(Control):
        """Holds before each piece."""

        def __init__(self, real: Control) -> None:
            self._real = real
            self._pieces = iter(range(1 << 62))

        def check(self) -> None:
            self._real.check()
            _hold("copying", next(self._pieces), self._real.check)

    class HeldCopy(TitleCopy):
        def __init__(self, device: Any, steps: Any, replaces: Any, control: Any, progress: Any) -> None:
            super().__init__(device, steps, replaces, HeldControl(control), progress)

    copying.__dict__["TitleCopy"] = HeldCopy


def _stay(scheduler: ModuleType) -> None:
    """Let no worker end because a test takes its time: the test stops it."""
    scheduler.__dict__["IDLE_S"] = 3600.0


_HOLDING = {
    "discpress.engine.convert.pipeline": _hold_chunks,
    "discpress.engine.deploy.copying": _hold_copies,
    "discpress.engine.measure.rehearsal": _hold_estimates,
    "discpress.engine.measure.seek": _hold_seeks,
    "discpress.engine.worker.scheduler": _stay,
}


class _Finder(importlib.abc.MetaPathFinder):
    """Lets a module be found as usual, and has it hold once it is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _HOLDING:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is None or spec.loader is None:
            return spec
        real = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            real(module)
            _HOLDING[name](module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _Finder())

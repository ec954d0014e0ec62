"""Compile the product and its tests once for all processes of a test run, each of which would do it again."""

import compileall
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

import discpress
import discpress.engine
import discpress.tui

TESTS = Path(__file__).parents[1]


def compile_product() -> None:
    """Compile the product and the tests' helpers, though PYTHONDONTWRITEBYTECODE may be set.

    If they are in a checkout of somebody else's, where nothing can be written, each process compiles them.
    """
    for package in (discpress, discpress.engine, discpress.tui):
        assert package.__file__ is not None
        compileall.compile_dir(Path(package.__file__).parent, quiet=2)
    compileall.compile_dir(TESTS / "support", quiet=2)


def compile_tests(config: pytest.Config) -> None:
    """Rewrite the assertions of all tests and of pytest's plugins, and compile them, as each process would."""
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    plugins = [Path(spec.origin) for spec in specs if spec and isinstance(spec.loader, rewrite.AssertionRewritingHook)]
    for path in _outdated([*plugins, *TESTS.rglob("test_*.py")]):
        source_hash, code = rewrite._rewrite_test(path, config)
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source_hash, _compiled(path))


def _outdated(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if rewrite.try_makedirs(_compiled(path).parent) and rewrite._read_pyc(path, _compiled(path)) is None:
            yield path


def _compiled(path: Path) -> Path:
    return rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"

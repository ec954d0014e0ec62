"""Imports of a command, and its garbage collections: none while it imports, few while it lists a library."""

import contextlib
import gc
import sys
from collections.abc import Iterator
from importlib import import_module


def named(name: str) -> object:
    """Return the object of a name such as `package.module:function`, and import its module."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Import modules in this block without collecting garbage: they make none, and each collection looks at them all.

    Later collections ignore what exists at the end of a block that imported any. Both together save a tenth of the
    processor time of a short command.
    """
    modules = len(sys.modules)
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > modules:
            gc.freeze()
        if is_enabled:
            gc.enable()


@contextlib.contextmanager
def few_collections() -> Iterator[None]:
    """Make many records that stay in this block: each ordinary collection would look at all of them in vain.

    It saves a quarter of the processor time to list 10,000 titles.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(_LISTED, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


_LISTED = 50_000
"""New objects before a collection, in place of 700: garbage of some megabytes at most."""

"""Imports of a command, without garbage collections meanwhile."""

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

"""The libraries whose functions the native kernel calls for CHD hunks: those that Python's packages have loaded.

The kernel contains no compressor. It finds zlib in Python's module `zlib`, liblzma in `_lzma`, xxHash in the package
`xxhash`, and libzstd in `zstandard`. The last one has two backends with the same libzstd; only the one that cffi uses
exports it. A module that contains its library without exporting it leaves that part to plain Python.
"""

import zlib
from enum import IntEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import zstandard


class Library(IntEnum):
    """A library, by its number in the kernel."""

    ZLIB = 1
    ZSTD = 2
    LZMA = 3
    LIBDEFLATE = 4
    """In the optional package `deflate`: packs, and decodes hunks of zlib."""
    XXH3 = 5
    """In the package `xxhash`: the digests by which equal hunks are found."""


_LZMA_SERIES = "5."
_MODULES = {
    Library.ZLIB: "zlib",
    Library.LZMA: "_lzma",
    Library.LIBDEFLATE: "deflate._deflate",
    Library.XXH3: "xxhash._xxhash",
}


class HunkLibraries:
    """The libraries that one kernel has found."""

    def __init__(self, module: ModuleType) -> None:
        """Find each library in a kernel that has `hunk_libraries`."""
        self.module = module
        self.handle = module.hunk_libraries()
        self.reasons: dict[Library, str] = {}
        """The reasons why libraries are missing."""
        for library in Library:
            self._find(library)

    def has(self, library: Library) -> bool:
        """Return whether the kernel has found a library."""
        return library not in self.reasons

    def _find(self, library: Library) -> None:
        reason = "its module is built into Python"
        for path in _paths_of(library):
            try:
                version = self.module.hunk_bind(self.handle, library, path)
            except ImportError as error:
                reason = str(error)
                continue
            if _is_expected(library, version):
                return
            reason = f"found version {version}, but Python's module has another one"
            break
        self.reasons[library] = reason


@cache
def hunk_libraries() -> HunkLibraries | None:
    """Return the libraries of the native kernel; None if this process takes the plain kernel, or it lacks them.

    UsageError as `chosen_kernel`.
    """
    from discpress.engine.codecs.kernels import native_module  # noqa: PLC0415 - loads lz4, which few users need

    module = native_module()
    return None if module is None or not hasattr(module, "hunk_libraries") else HunkLibraries(module)


def _paths_of(library: Library) -> list[str]:
    """Return the files that may contain a library, or may have loaded it."""
    if library is Library.ZSTD:
        folder = Path(zstandard.__file__).parent
        return [str(path) for backend in ("backend_c", "_cffi") for path in sorted(folder.glob(f"{backend}.*so"))]
    try:
        module = import_module(_MODULES[library])
    except ImportError:
        return []
    path = getattr(module, "__file__", None)
    return [path] if path else []


def _is_expected(library: Library, version: str) -> bool:
    if library is Library.ZLIB:
        return version == zlib.ZLIB_RUNTIME_VERSION
    if library is Library.ZSTD:
        return version == ".".join(map(str, zstandard.ZSTD_VERSION))
    return library in (Library.LIBDEFLATE, Library.XXH3) or version.startswith(_LZMA_SERIES)

"""Builds the native kernel where that is possible; everything else of the package is in pyproject.toml."""

import os
import re
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

# Windows builds of the lz4 package export nothing of liblz4; the free-threaded interpreter has no limited API.
# DISCPRESS_PURE=1 builds a wheel for every other machine (make wheels).
CAN_HAVE_KERNEL = (
    sys.platform != "win32" and not sysconfig.get_config_var("Py_GIL_DISABLED") and not os.environ.get("DISCPRESS_PURE")
)
SOURCES = (
    *("kernel", "sectors", "crc16", "crc32"),
    *("flac/rice", "flac/prediction", "flac/frames", "flac/decoder"),
    *("chd/libraries", "chd/decode", "chd/pack", "chd/map", "chd/note"),
)
KERNEL = Extension(
    "discpress.engine.codecs._kernel",
    [f"engine/codecs/{name}.c" for name in SOURCES],
    depends=[
        f"engine/codecs/{name}.h"
        for name in ("kernel", "checksums", "folding", "flac/flac", "flac/bits", "chd/libraries")
    ],
    # FLAC frames are the same on all machines only if a product and a sum stay two operations.
    extra_compile_args=["-O3", "-ffp-contract=off", "-fvisibility=hidden"],
    libraries=["dl"] if sys.platform == "linux" else [],  # glibc before 2.34 has dlopen in a library of its own
    py_limited_api=True,
    optional=True,
)


class BuildKernel(build_ext):
    """Goes on without the kernel where it cannot be built, and says so in one line."""

    def build_extension(self, ext: Extension) -> None:
        """Build one extension; where that fails, warn and have it left out (it is optional)."""
        try:
            super().build_extension(ext)
        except (BaseError, CCompilerError):
            self.warn(
                "no native kernel: it takes a C compiler and Python's headers; discpress uses the plain one, slower"
            )


# The folders engine/ and tui/ stand at the top of the repository; installed, they are parts of one package.
PACKAGES = ["discpress", *(f"discpress.{name}" for name in find_packages(include=["engine*", "tui*"]))]


def description() -> str:
    """Return the README as an index shows it: without pictures and links into the repository, which it lacks."""
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    text = re.sub(r"^!\[.*\n\n?", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


setup(
    long_description=description(),
    long_description_content_type="text/markdown",
    packages=PACKAGES,
    package_dir={"discpress": "discpress", "discpress.engine": "engine", "discpress.tui": "tui"},
    ext_modules=[KERNEL] if CAN_HAVE_KERNEL else [],
    cmdclass={"build_ext": BuildKernel},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if CAN_HAVE_KERNEL else {},
)

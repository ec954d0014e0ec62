"""`discpress info --engine`: the kernel on this machine, and the reasons against faster ones."""

import os
import platform
import zlib

import lz4

from discpress.engine import VERSION
from discpress.engine.cli.output.printers import Printer
from discpress.engine.codecs import libdeflate
from discpress.engine.codecs.kernels import chosen_kernel
from discpress.engine.system.processors import available_processors, memory_left
from discpress.engine.units import format_size


def print_engine(printer: Printer) -> None:
    """Report the kernel, its reasons, the libraries and the processors."""
    choice, left = chosen_kernel(), memory_left()
    facts = {
        "version": VERSION,
        "kernel": choice.kernel,
        "step": choice.step,
        "reasons": list(choice.reasons),
        "liblz4": choice.codec.version,
        "lz4": lz4.__version__,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "deflate": libdeflate.VERSION or None,
        "python": platform.python_version(),
        "processors": available_processors(),
        "memory_left": left,
    }
    kernel = choice.kernel if choice.step is None else f"{choice.kernel} ({choice.step})"
    rows = [
        ("kernel", kernel),
        *(("", f"not {reason}") for reason in choice.reasons),
        ("liblz4", f"{choice.codec.version}, in the lz4 package {lz4.__version__}"),
        ("zlib", zlib.ZLIB_RUNTIME_VERSION),
        ("libdeflate", f"in the deflate package {libdeflate.VERSION}" if libdeflate.VERSION else "not installed"),
        ("python", platform.python_version()),
        ("processors", _processors()),
        *([] if left is None else [("memory", f"{format_size(left)} left by the control group")]),
    ]
    lines = [f"discpress {VERSION}", *(f"  {label:<12} {value}" for label, value in rows)]
    printer.event("engine", facts, "\n".join(lines))


def _processors() -> str:
    count, existing = available_processors(), os.cpu_count() or 1
    return str(count) if count == existing else f"{count}, because the system allows this process no more of {existing}"

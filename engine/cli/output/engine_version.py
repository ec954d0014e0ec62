"""`discpress info --engine`: the kernel on this machine, and the reasons against faster ones."""

import platform
import zlib

import lz4

from discpress.engine import VERSION
from discpress.engine.cli.output.printers import Printer
from discpress.engine.codecs import libdeflate
from discpress.engine.codecs.kernels import chosen_kernel
from discpress.engine.system.processors import available_processors


def print_engine(printer: Printer) -> None:
    """Report the kernel, its reasons, the libraries and the processors."""
    choice = chosen_kernel()
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
    }
    kernel = choice.kernel if choice.step is None else f"{choice.kernel} ({choice.step})"
    rows = [
        ("kernel", kernel),
        *(("", f"not {reason}") for reason in choice.reasons),
        ("liblz4", f"{choice.codec.version}, in the lz4 package {lz4.__version__}"),
        ("zlib", zlib.ZLIB_RUNTIME_VERSION),
        ("libdeflate", f"in the deflate package {libdeflate.VERSION}" if libdeflate.VERSION else "not installed"),
        ("python", platform.python_version()),
        ("processors", str(available_processors())),
    ]
    lines = [f"discpress {VERSION}", *(f"  {label:<12} {value}" for label, value in rows)]
    printer.event("engine", facts, "\n".join(lines))

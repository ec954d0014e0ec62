"""Raw LZMA that ends with its last byte, as chdman writes it, by the liblzma of Python's module `lzma`.

That module always adds an end marker of 4 to 6 bytes. liblzma itself leaves it out since 5.4 (LZMA_FILTER_LZMA1EXT in
lzma/lzma12.h).
"""

import ctypes
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from discpress.engine.system.files import Readable

_FIRST_VERSION = 50_040_000
_LZMA1EXT = 0x4000000000000002
_NO_FILTER = 0xFFFFFFFFFFFFFFFF
_SPARE_BYTES = 1024


class _Options(ctypes.Structure):
    """`lzma_options_lzma`, the same since 5.0; what 5.4 has named of it is named here."""

    _fields_ = (
        ("dict_size", ctypes.c_uint32),
        ("preset_dict", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in ("preset_dict_size", "lc", "lp", "pb")),
        ("mode", ctypes.c_int),
        ("nice_len", ctypes.c_uint32),
        ("mf", ctypes.c_int),
        *((name, ctypes.c_uint32) for name in ("depth", "ext_flags", "ext_size_low", "ext_size_high")),
        ("reserved_integers", ctypes.c_uint32 * 5),
        ("reserved_enums", ctypes.c_int * 4),
        ("reserved_pointers", ctypes.c_void_p * 2),
    )


class _Filter(ctypes.Structure):
    _fields_ = (("id", ctypes.c_uint64), ("options", ctypes.c_void_p))


@cache
def unmarked_encoder() -> Callable[[Readable, Mapping[str, int]], bytes] | None:
    """Return a function that encodes bytes with a filter for Python's module; None if its liblzma cannot."""
    try:
        library = ctypes.CDLL(import_module("_lzma").__file__)
        library.lzma_version_number.restype = ctypes.c_uint32
        preset, encode = library.lzma_lzma_preset, library.lzma_raw_buffer_encode
        is_new = library.lzma_version_number() >= _FIRST_VERSION
    except (ImportError, OSError, AttributeError, TypeError):
        return None  # built into Python, or without its library's functions

    def encode_unmarked(data: Readable, lzma_filter: Mapping[str, int]) -> bytes:
        whole = bytes(data)
        options = _Options()
        if preset(ctypes.byref(options), ctypes.c_uint32(lzma_filter["preset"])):
            raise ValueError(f"liblzma has no level {lzma_filter['preset']}")
        for name in ("dict_size", "lc", "lp", "pb"):
            setattr(options, name, lzma_filter[name])
        options.ext_size_low = len(whole)
        filters = (_Filter * 2)(_Filter(_LZMA1EXT, ctypes.addressof(options)), _Filter(_NO_FILTER, None))
        room = len(whole) + len(whole) // 8 + _SPARE_BYTES
        out, used = ctypes.create_string_buffer(room), ctypes.c_size_t()
        code = encode(filters, None, whole, ctypes.c_size_t(len(whole)), out, ctypes.byref(used), ctypes.c_size_t(room))
        if code:
            raise RuntimeError(f"liblzma cannot encode {len(whole)} bytes: error {code}")
        return out.raw[: used.value]

    return encode_unmarked if is_new else None

"""The registry of formats: one object for each, in the order in which they are detected and offered.

bytes --detect--> FormatSpec --open--> Image
Settings --encoder_of--> Encoder --layout, codec--> the packed file
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from discpress.engine.errors import UsageError
from discpress.engine.formats import PLAIN_FORMAT, SHEETS, ImageFormat, Method, Settings, is_cd_form
from discpress.engine.images.cd.format import CCD, CUE, GDI, MDS, RAW_CD
from discpress.engine.images.chd.cd.format import CD_ENCODER
from discpress.engine.images.chd.format import CHD
from discpress.engine.images.dax.format import DAX
from discpress.engine.images.nintendo.format import GAMECUBE_CISO, GCZ, RVZ, TGC, WBFS, WIA
from discpress.engine.images.packed import PACKED
from discpress.engine.images.plain.format import ISO
from discpress.engine.images.recognised import JSO, PART, PBP, SEVEN_ZIP, ZIP
from discpress.engine.images.spec import Encoder, FormatSpec
from discpress.engine.images.zso_cso.format import CSO, ZSO
from discpress.engine.names import listed
from discpress.engine.targets import TARGETS
from discpress.engine.units import format_option_size

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.chd.metadata import NewEntry
    from discpress.engine.images.layout import Layout


class Formats:
    """Formats in the order of detection, found by name, suffix and first byte: a scan asks several times a file."""

    def __init__(self, formats: Iterable[FormatSpec]) -> None:
        """Take the formats; of two for one suffix or one file, the first counts."""
        self._all = tuple(formats)
        self.by_name = {spec.name: spec for spec in reversed(self._all)}
        self.by_promise = {suffix: spec for spec in reversed(self._all) if spec.promises for suffix in spec.suffixes}
        """The formats whose suffix promises their header."""
        self._by_first_byte: dict[int, tuple[FormatSpec, ...]] = {}
        """Filled when a file needs it, because most discs begin with the same few bytes."""

    def __iter__(self) -> Iterator[FormatSpec]:
        return iter(self._all)

    def that_begin_with(self, head: bytes) -> Sequence[FormatSpec]:
        """Return the formats that a file with these first bytes can have; all of them for an empty file."""
        if not head:
            return self._all
        found = self._by_first_byte.get(head[0])
        if found is None:
            accepting = ((spec, spec.first_bytes) for spec in self._all)
            found = tuple(spec for spec, first in accepting if first is None or head[0] in first)
            self._by_first_byte[head[0]] = found
        return found


FORMATS = Formats(
    (
        ZSO,
        CSO,
        CHD,
        DAX,
        *(PART, JSO, RVZ, WBFS, GAMECUBE_CISO, GCZ, WIA, TGC, PBP, ZIP, SEVEN_ZIP, RAW_CD, CUE, GDI, CCD, MDS),
        *PACKED.values(),
        ISO,  # any bytes can be an ISO
    )
)
"""All formats; those that are written are offered in this order."""


def spec_of(image_format: ImageFormat) -> FormatSpec:
    """Return a format by its name; KeyError for a name that the registry lacks."""
    return FORMATS.by_name[image_format]


def detect(head: bytes, file_bytes: int) -> FormatSpec:
    """Return the format of a file from its first SNIFF_BYTES (or all of it) and its size; ISO if nothing matches."""
    for spec in FORMATS.that_begin_with(head):
        if spec.detect(head, file_bytes):
            return spec
    return ISO


def promised(path: PurePath) -> FormatSpec | None:
    """Return the format whose header a file must have by its name; None if the name promises none."""
    return FORMATS.by_promise.get(path.suffix.lower())


def suffixes_of_read() -> frozenset[str]:
    """Return the suffixes of all images that discpress reads."""
    return frozenset(suffix for spec in FORMATS if spec.is_read for suffix in spec.suffixes)


def names_of_read() -> list[str]:
    """Return the names of all formats that discpress reads."""
    return [str(spec.name) for spec in FORMATS if spec.is_read]


def labels_of_read() -> list[str]:
    """Return the names for people of all formats that discpress reads: ISO, then packed ones, then those of raw CDs."""
    order = {spec.label: (spec.encoder is None and not spec.is_packed, spec.is_packed) for spec in FORMATS}
    return sorted((spec.label for spec in FORMATS if spec.is_read), key=order.__getitem__)


def labels_of_written(*, packed_only: bool = False) -> list[str]:
    """Return the names for people of the formats that discpress writes, see `written`."""
    return [spec_of(each).label for each in written(packed_only=packed_only)]


def written(*, packed_only: bool = False) -> tuple[ImageFormat, ...]:
    """Return the formats that discpress writes, without ISO on request."""
    return tuple(each.name for each, encoder in _encoders() if encoder.packs or not packed_only)


def written_forms() -> tuple[tuple[ImageFormat, tuple[Method, ...]], ...]:
    """Return everything that can be written: each format, and one that has a choice of methods with each of them."""
    return tuple(
        (spec.name, methods)
        for spec, encoder in _encoders()
        for methods in ([(method,) for method in encoder.methods] if encoder.has_choice else [()])
    )


def _encoders() -> Iterator[tuple[FormatSpec, Encoder]]:
    for spec in FORMATS:
        if spec.encoder is not None:
            yield spec, spec.encoder


def encoder_of(image_format: ImageFormat, methods: Sequence[Method] = ()) -> Encoder:
    """Return the writing side of a format. Raises UsageError if discpress does not write it.

    The files of a sheet contain the sectors as they are, so that of an ISO writes them. A CHD with methods of CDs has
    one of its own.
    """
    if is_cd_form(image_format, methods):
        return CD_ENCODER
    name = PLAIN_FORMAT if image_format in SHEETS else image_format
    spec = FORMATS.by_name.get(name)
    if spec is None or spec.encoder is None:
        raise UsageError(f"{image_format.upper()} cannot be written: use {listed(written())}")
    return spec.encoder


def encoder_for(settings: Settings) -> Encoder:
    """Return the writing side of settings. Raises UsageError as `encoder_of`."""
    return encoder_of(settings.format, settings.methods)


def form_in_words(settings: Settings, format_bytes: Callable[[int], str] = format_option_size) -> str:
    """Return format, block size and level as people read them: `ZSO 2K, level 9`, `CISO 2M` without one, `ISO`."""
    if settings.is_plain:
        return settings.form
    level = f", level {settings.level}" if encoder_for(settings).has_levels else ""
    return f"{settings.form} {format_bytes(settings.block_size)}{level}"


def is_block_size(block_size: int) -> bool:
    """Return whether any written format can have blocks of this size."""
    return any(encoder.is_block_size(block_size) for _, encoder in _encoders())


def block_size_range() -> tuple[int, int]:
    """Return the smallest and the largest block size of all written formats with a choice of sizes."""
    sizes = [size for _, encoder in _encoders() if encoder.has_block_choice for size in encoder.block_sizes]
    return min(sizes), max(sizes)


def layout_of(
    settings: Settings, total_bytes: int, index_shift: int = 0, metadata: "Sequence[NewEntry]" = ()
) -> "Layout":
    """Return the layout of a packed form of `total_bytes`.

    `index_shift` is that of a format whose offsets count steps of 1 << index_shift bytes, else 0; `metadata` is that of
    the CHD of a CD.
    """
    if settings.is_cd:
        return CD_ENCODER.layout(settings, total_bytes, index_shift, metadata)
    return encoder_of(settings.format).layout(settings, total_bytes, index_shift)


def codec_of(settings: Settings) -> "Codec":
    """Return the codec for these settings, chosen by format and target, with the kernel of this process."""
    target = TARGETS.get(settings.target)
    for_emulators = target is not None and target.is_emulator
    return encoder_for(settings).codec(settings, for_emulators=for_emulators)


def highest_level(image_format: ImageFormat, methods: Sequence[Method] = ()) -> int:
    """Return the highest level of a written format, without loading a kernel."""
    return encoder_of(image_format, methods).highest_level(methods)

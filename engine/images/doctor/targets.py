"""The reasons why a target does not load an image, from the facts in its header (docs/formats.md, section 2).

Tables of titles need this for each packed one, so it imports no reader.
"""

from collections.abc import Iterator
from typing import Protocol

from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.doctor.findings import DOUBT, Finding, Severity
from discpress.engine.images.registry import written
from discpress.engine.targets import Target

__all__ = ["target_findings"]


class Loadable(Protocol):
    """The facts that decide whether a target loads an image, from its header."""

    @property
    def format(self) -> ImageFormat: ...
    @property
    def is_packed(self) -> bool: ...
    @property
    def version(self) -> int: ...
    @property
    def block_size(self) -> int: ...
    @property
    def index_shift(self) -> int: ...
    @property
    def codec_names(self) -> tuple[str, ...]: ...
    @property
    def size(self) -> int: ...
    @property
    def stored_bytes(self) -> int: ...


def target_findings(image: Loadable, target: Target) -> Iterator[Finding]:
    """Yield the reasons why a target does not load an image with such a header."""
    name, file_bytes = image.format.upper(), image.stored_bytes
    if target.max_bytes is not None and max(image.size, file_bytes) > target.max_bytes:
        sizes = f"an image of {image.size} bytes in a file of {file_bytes}"
        message = f"{sizes} cannot be loaded: {target.label} {target.does('read')}"
        yield Finding(Severity.ERROR, "target-size", f"{message} up to {target.max_bytes} of both")
    if not image.is_packed:
        return
    again = f"convert this {name} under another name with"
    if image.format not in target.formats:
        message = f"{name} cannot be loaded: {target.reason_against(image.format)}; {again} -f {target.default_format}"
        yield Finding(Severity.ERROR, "target-format", message)
        return
    if image.format is ImageFormat.CSO and image.version > 1 and not target.cso2:
        read = f"{target.label} {target.does('read')} 0 and 1"
        message = f"CSO version {image.version} cannot be loaded: {read}; {again} -f cso"
        yield Finding(Severity.ERROR, "target-version", message)
    if image.block_size > target.max_block_size:
        reason = target.block_reason or f"{target.label} {target.does('read')} blocks up to {target.max_block_size}"
        message = f"block size {image.block_size} cannot be loaded: {reason}; {again} -b {target.max_block_size}"
        yield Finding(Severity.ERROR, "target-block-size", message)
    yield from _doubts(image, target, again)
    yield from _codec_findings(image, target, again)
    if image.index_shift > target.max_shift:
        read = f"{target.label} {target.does('read')} up to {target.max_shift}"
        reason = f"index shift {image.index_shift} cannot be loaded: {read}"
        yield Finding(Severity.ERROR, "target-shift", f"{reason}; {again} the default alignment")
    if "opl" in target.name.split("+") and file_bytes % SECTOR_SIZE:
        message = f"the file's length {file_bytes} is not a multiple of {SECTOR_SIZE}: hdl_dump would cut off its end"
        yield Finding(Severity.WARNING, "target-length", f"{message}; convert this {name} again to pad it")


def _codec_findings(image: Loadable, target: Target, again: str) -> Iterator[Finding]:
    """Yield the finding on the codecs of a CHD that the target does not load; those of a CD have names of their own."""
    names = image.codec_names
    unread = [name for name in names if name not in (*target.hunk_codecs, *target.cd_codecs)]
    if not unread:
        return
    is_cd = unread[0].startswith("cd")
    reason = target.cd_codec_reason if is_cd else target.codec_reason
    message = f"hunks by {', '.join(names)} cannot be loaded: {reason}"
    way = f"run chdman copy -c {','.join(target.cd_codecs)}" if is_cd else f"{again} -m {target.default_method}"
    yield Finding(Severity.ERROR, "target-codec", f"{message}; {way}")


def _doubts(image: Loadable, target: Target, again: str) -> Iterator[Finding]:
    """Yield the reasons why a target may fail on an image that it loads."""
    if why := target.doubt_about(image.format):
        better = " or ".join(f"-f {each}" for each in written(packed_only=True) if each in target.formats)
        message = f"{image.format.upper()} may fail on {target.label}: {why}; {again} {better}"
        yield Finding(Severity.WARNING, DOUBT, message)
    elif why := target.block_doubt(image.block_size):
        message = f"block size {image.block_size} may fail on {target.label}: {why}"
        yield Finding(Severity.WARNING, DOUBT, f"{message}; {again} -b {target.safe_block_size}")

"""The doctor's checks of the header of a ZSO or CSO."""

from collections.abc import Iterator

from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.images.source import ByteSource, read_bytes, shown_name
from discpress.engine.images.zso_cso.header import HEADER, HEADER_SIZE, header_problems, parse_header


def header_findings(source: ByteSource) -> Iterator[Finding]:
    """Yield forbidden values in a ZSO or CSO header, and values that only careless writers leave in it."""
    head = read_bytes(source, 0, HEADER_SIZE)
    header = parse_header(head, shown_name(source))
    for problem in header_problems(header, source.size_bytes):
        yield Finding(Severity.ERROR, problem.code, f"{problem.message}; {problem.hint}")
    if header.format is ImageFormat.CSO and header.version < 2:
        return  # any value is allowed: ciso writes a header_size of 0
    _, header_size, *_, reserved = HEADER.unpack(head)
    if header_size != HEADER_SIZE:
        message = f"the header states a header size of {header_size}, not {HEADER_SIZE}: no reader uses it"
        yield Finding(Severity.NOTE, "header-size", message)
    if any(reserved):
        message = f"the header's reserved bytes are {reserved.hex(' ')}, not 00 00: no reader uses them"
        yield Finding(Severity.NOTE, "reserved", message)

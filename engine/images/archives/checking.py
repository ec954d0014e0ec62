"""Checks a file in an archive against the archive's checksum."""

import zlib
from collections.abc import Callable

from discpress.engine.images.archives.model import MemberSource, StoredMember, member_damage
from discpress.engine.images.source import read_bytes
from discpress.engine.units import MIB

_STEP_BYTES = MIB


def check_crc32(source: MemberSource, crc32: int) -> None:
    """Check the crc32 of all bytes of a member; DamagedImageError if it differs from the declared one."""
    declared = source.member.crc32
    if declared is not None and crc32 != declared:
        what = f"its crc32 is {crc32:08x}, the archive was made with {declared:08x}"
        raise member_damage(source.file, source.member, what)


def check_member(source: MemberSource, check: Callable[[], None]) -> None:
    """Read a whole member to check it; `check` may raise to stop.

    A compressed member is checked while it is unpacked. DamagedImageError if it is damaged.
    """
    crc32 = 0
    for offset in range(0, source.size_bytes, _STEP_BYTES):
        check()
        crc32 = zlib.crc32(read_bytes(source, offset, _STEP_BYTES), crc32)
    if isinstance(source, StoredMember):
        check_crc32(source, crc32)

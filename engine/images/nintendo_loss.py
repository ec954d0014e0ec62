"""Images of GameCube and Wii discs that lack bytes of the disc: NKit, trimmed and scrubbed ones.

The unused areas of these discs contain padding. Programs remove it, and no datfile lists the result. Sizes and marks:
docs/formats.md, section 4.
"""

from collections.abc import Collection, Mapping

from discpress.engine.systems import System

LOSS_BYTES = 0x204
"""First bytes of a disc that `describe_loss` needs."""
FULL_BYTES: Mapping[System, tuple[int, ...]] = {
    System.GAMECUBE: (1_459_978_240,),
    System.WII: (4_699_979_776, 8_511_160_320),
}
"""Sizes of full dumps, in ascending order: a Wii disc has one layer or two."""
_NKIT_OFFSET = 0x200
_NKIT = b"NKIT"


def describe_loss(system: System, head: bytes, disc_bytes: int) -> str:
    """Return the loss of an image as a clause; empty if nothing shows a loss.

    `head` are the first LOSS_BYTES of the disc, fewer if they are unknown; `disc_bytes` is its size, 0 if unknown.
    """
    if system not in FULL_BYTES:
        return ""
    if head.startswith(_NKIT, _NKIT_OFFSET):
        return "an NKit image: the disc's padding is removed, so it matches no datfile until NKit restores it"
    full = full_bytes(system, disc_bytes)
    if not 0 < disc_bytes < full:
        return ""
    return f"trimmed or homebrew: it has {disc_bytes} bytes, a full dump has {full}, so it matches no datfile"


def describe_absent_blocks(system: System, stored: Collection[int], block_size: int) -> str:
    """Return the loss of an image that stores only some blocks of a disc, as a clause; empty if it stores all of them.

    `stored` are the numbers of the blocks on the disc.
    """
    if system not in FULL_BYTES or not stored:
        return ""
    blocks = -(-full_bytes(system, max(stored) * block_size + 1) // block_size)
    if len(stored) >= blocks:
        return ""
    return (
        f"scrubbed, trimmed or homebrew: it stores {len(stored)} of the {blocks} blocks of a full dump, "
        "so it most likely matches no datfile"
    )


def full_bytes(system: System, disc_bytes: int) -> int:
    """Return the size of a full dump that has at least so many bytes; the largest if none has."""
    sizes = FULL_BYTES[system]
    return next((size for size in sizes if disc_bytes <= size), sizes[-1])

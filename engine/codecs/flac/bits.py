"""Writes numbers of any number of bits, the highest first."""


class BitWriter:
    """Collects bits."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, number: int, width: int) -> None:
        """Add the lowest `width` bits of a number, which may be negative."""
        if width:
            self._pieces.append(f"{number & (1 << width) - 1:0{width}b}")

    def encode(self) -> bytes:
        """Return the bits as bytes, filled up with zeros."""
        bits = "".join(self._pieces)
        count = -(-len(bits) // 8)
        return int(bits.ljust(8 * count, "0") or "0", 2).to_bytes(count, "big")

"""The blocks of an image, as rows of text."""

from discpress.engine.images.registry import spec_of
from discpress.engine.images.statistics import ImageFacts
from discpress.engine.names import display_name
from discpress.engine.units import format_size


def table_rows(facts: ImageFacts) -> list[tuple[str, str]]:
    """Return the rows about the blocks of an image; a plain image has none that tell anything."""
    spec = spec_of(facts.format)
    if not spec.is_packed:
        return []
    return _hunk_rows(facts) if spec.shares_blocks else _block_rows(facts)


def _block_rows(facts: ImageFacts) -> list[tuple[str, str]]:
    waste = facts.alignment_waste_bytes
    wasted = f"at most {format_size(facts.most_alignment_waste_bytes)}" if waste is None else format_size(waste)
    return [
        ("block size", str(facts.block_size)),
        ("blocks", f"{facts.blocks}, {facts.plain_blocks} plain, {facts.packed_blocks} packed"),
        ("alignment", f"{1 << facts.index_shift} (shift {facts.index_shift}), wasting {wasted}"),
        ("index", format_size(facts.index_bytes)),
        ("end padding", f"{facts.end_padding_bytes} B"),
    ]


def _hunk_rows(facts: ImageFacts) -> list[tuple[str, str]]:
    kept = f"{facts.plain_blocks} plain, {facts.packed_blocks} packed, {facts.shared_blocks} equal to another"
    return [
        ("hunk size", str(facts.block_size)),
        ("hunks", f"{facts.blocks}, {kept}"),
        ("codecs", display_name(", ".join(facts.codecs)) or "none"),
        ("metadata", display_name(", ".join(facts.metadata)) or "none"),
        ("map", format_size(facts.index_bytes)),
    ]

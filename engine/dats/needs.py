"""The decision whether an image must be decoded to be compared with the lists."""

from collections.abc import Sequence

from discpress.engine.dats.match import Match, Verdict
from discpress.engine.store.digests import Digests, Grade


def needs_decoding(
    known: Sequence[Digests], match: Match | None, track_count: int, kinds: Sequence[str], *, is_named: bool
) -> bool:
    """Return whether decoding an image tells more of it than its known digests.

    `kinds` are the digests that the lists need. An image that its header identifies is decoded only if it was named.
    """
    verdict = Verdict.UNKNOWN if match is None else match.verdict
    decoded = next((each for each in known if each.grade is Grade.DECODED), None)
    if decoded is None:
        return is_named or verdict is Verdict.UNKNOWN
    if track_count:
        return track_count > 1 and not decoded.tracks
    return verdict is Verdict.UNKNOWN and any(not getattr(decoded, kind) for kind in kinds)

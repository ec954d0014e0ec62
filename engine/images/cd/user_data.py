"""The user data of a CD with a single data track as an image of 2,048-byte sectors, checked while it is cut out.

The EDC of each sector is compared before the rest of the sector is left out: the result has no place for it.
"""

from discpress.engine.codecs.sector_codes import ECC_START, MODE_OFFSET
from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.addresses import LEAD_IN_SECTORS, address_of
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.sectors import SectorForm, edc_is_right, sector_form
from discpress.engine.images.cd.tracks import READ_SECTORS, SectorView, Track, TrackKind
from discpress.engine.images.image import UnindexedImage
from discpress.engine.images.known_disc import PVD_MAGIC, PVD_SECTOR, volume_bytes
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.system.files import Readable, Writable

LISTED_SECTORS = 5
"""Sectors that a message names."""

_POSTGAP_SECTORS = 150
_HEADER_2336 = RAW_SYNC + b"\0\0\0\2"  # no address; always mode 2
_MODE_1_DATA = 16
_MODE_1_EDC = 2064
_MODE_2_DATA = 24
_MODE_2_EDC = 2072
_FORM_2_EDC = 2348
_UNCHECKED, _WRONG, _EMPTIED = 1, 2, 3
_KEEP = "keep it as a CHD or as BIN and CUE: an ISO cannot contain such sectors"


class UserDataImage(UnindexedImage):
    """The 2,048 bytes of user data of each sector of a disc with one data track, in mode 1 or in form 1 of mode 2.

    Reading raises UnsupportedImageError with the address (LBA) of a sector that has no such data, DamagedImageError for
    one whose EDC is wrong, unless `accepts_damage`. Sectors whose EDC and ECC are all zeros were written without them,
    so nothing can be checked. Empty sectors of form 2 after the volume's end are the postgap, and become zeros.
    """

    # It is no file by itself: an archive's checksum is not that of its bytes.
    is_packed = True
    block_size = SECTOR_SIZE

    def __init__(self, image: CdImage, *, accepts_damage: bool = False) -> None:
        """Take an open disc, which stays the caller's. Raises UnsupportedImageError if it is not such a disc."""
        super().__init__(image.source)
        self.format = image.format
        self._image = image
        self._track = track = data_track(image)
        self._accepts_damage = accepts_damage
        self.lead_in = _lead_in(image, track)
        """Stored sectors before address 0, which are left out."""
        self._start = track.data_start + self.lead_in * track.kind.sector_bytes
        sectors = track.length - self.lead_in
        self.size = sectors * SECTOR_SIZE
        self._seen = bytearray(sectors)
        self._postgap = self._postgap_of(sectors)

    def _postgap_of(self, sectors: int) -> int:
        """Return the first sector that may be an empty one of form 2: after the volume, and in the last two seconds."""
        view = SectorView(self._image.read_into, _without(self._track, self.lead_in))
        volume = volume_bytes(view.read_at)
        return sectors if volume is None else max(volume // SECTOR_SIZE, sectors - _POSTGAP_SECTORS)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read user data, see `Image.read_into`."""
        view = memoryview(buffer)[: max(0, self.size - offset)]
        size = self._track.kind.sector_bytes
        if size == SECTOR_SIZE:
            return self._image.read_into(view, self._start + offset)
        done = 0
        while done < len(view):
            first, skip = divmod(offset + done, SECTOR_SIZE)
            count = min(READ_SECTORS, -(-(skip + len(view) - done) // SECTOR_SIZE))
            stored = bytearray(count * size)
            whole = self._image.read_into(stored, self._start + first * size) // size
            data = b"".join(self._cut(first + each, stored[each * size : (each + 1) * size]) for each in range(whole))
            piece = data[skip : skip + len(view) - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            if whole < count:
                break
        return done

    def _cut(self, number: int, stored: bytearray) -> Readable:
        """Return the user data of a stored sector after its checks."""
        kind = self._track.kind
        sector = stored if kind.is_raw else _HEADER_2336 + stored
        form = sector_form(sector)
        if form is not (SectorForm.MODE_2_FORM_1 if kind.is_mode_2 else SectorForm.MODE_1):
            if (
                form is SectorForm.MODE_2_FORM_2
                and number >= self._postgap
                and not any(sector[_MODE_2_DATA:_FORM_2_EDC])
            ):
                self._seen[number] = _EMPTIED
                return bytes(SECTOR_SIZE)
            raise self._refusal(number, sector, form)
        start, end = (_MODE_2_DATA, _MODE_2_EDC) if kind.is_mode_2 else (_MODE_1_DATA, _MODE_1_EDC)
        if not edc_is_right(sector):
            self._note_wrong(number, has_codes=any(sector[end : end + 4]) or any(sector[ECC_START:]))
        return sector[start:end]

    def _note_wrong(self, number: int, *, has_codes: bool) -> None:
        """Note a sector whose EDC is not that of its data. Raises DamagedImageError unless that is accepted."""
        if has_codes and not self._accepts_damage:
            raise DamagedImageError(
                f"{self.name}: sector {self.address(number)} (LBA): its checksum (EDC) is wrong: it is damaged, or "
                "protected against copying, and the result would hide that for good",
                hint="dump the disc again, or keep the raw image; --accept-incomplete on this very file cuts it anyway",
            )
        self._seen[number] = _WRONG if has_codes else _UNCHECKED

    def address(self, number: int) -> int:
        """Return the address on the disc (LBA) of a sector of this image."""
        return self._track.first_sector + number

    def _refusal(self, number: int, sector: Readable, form: SectorForm) -> DiscpressError:
        place = f"{self.name}: sector {self.address(number)} (LBA)"
        if form is SectorForm.MODE_2_FORM_2:
            return UnsupportedImageError(
                f"{place}: is form 2, with 2,324 bytes of sound or film, of which an ISO has room for 2,048", hint=_KEEP
            )
        if form is SectorForm.NO_SYNC:
            return UnsupportedImageError(
                f"{place}: has no sync pattern: it contains sound, or is damaged or protected against copying",
                hint=_KEEP,
            )
        wanted = 2 if self._track.kind.is_mode_2 else 1
        return UnsupportedImageError(
            f"{place}: has mode {sector[MODE_OFFSET]}, but the sheet states mode {wanted}", hint=_KEEP
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """Warnings about the sectors that were read so far."""
        found = []
        if count := self._seen.count(_WRONG):
            what = "1 sector has a wrong checksum" if count == 1 else f"{count} sectors have wrong checksums"
            found.append(f"{what} (EDC), and the result hides that: {self._listed(_WRONG, count)}")
        if count := self._seen.count(_UNCHECKED):
            which = "no sector has" if count == len(self._seen) else f"{count} sectors have no"
            what = "a checksum" if count == len(self._seen) else "checksums"
            found.append(f"{which} {what} (EDC and ECC are zeros): damage in them cannot be noticed")
        if count := self._seen.count(_EMPTIED):
            found.append(f"{count} empty sectors of form 2 after the end of the volume became empty sectors")
        return tuple(found)

    def _listed(self, what: int, count: int) -> str:
        numbers: list[int] = []
        at = self._seen.find(what)
        while at >= 0 and len(numbers) < LISTED_SECTORS:
            numbers.append(self.address(at))
            at = self._seen.find(what, at + 1)
        more = f" and {count - len(numbers)} more" if count > len(numbers) else ""
        return f"LBA {', '.join(map(str, numbers))}{more}"


def data_track(image: CdImage) -> Track:
    """Return the only track of a disc whose user data is all that an ISO needs. Raises UnsupportedImageError."""
    sound = next((track for track in image.tracks if track.kind is TrackKind.AUDIO), None)
    data = [track for track in image.tracks if track.kind.has_data]
    if sound is not None:
        raise UnsupportedImageError(
            f"{image.name}: track {sound.number}, from sector {sound.first_sector} (LBA) on, is sound (AUDIO): an ISO "
            "cannot contain it",
            hint="keep it as a CHD or as BIN and CUE: no console or program plays the sound from an ISO",
        )
    if len(image.tracks) > 1 or not data:
        other = image.tracks[-1]
        raise UnsupportedImageError(
            f"{image.name}: track {other.number}, from sector {other.first_sector} (LBA) on, is {other.kind}: an ISO "
            "contains a single track of data",
            hint="keep it as a CHD or as BIN and CUE",
        )
    return data[0]


def _without(track: Track, lead_in: int) -> Track:
    return Track(
        track.number, track.kind, track.start, track.sectors, track.pregap + lead_in, first_sector=track.first_sector
    )


def _lead_in(image: CdImage, track: Track) -> int:
    """Return the number of stored sectors before address 0 that a sheet does not state as a pregap.

    The address in the first sector tells; without addresses, the place of the volume descriptor.
    """
    if track.first_sector or track.pregap:
        return 0
    if track.kind.is_raw:
        head = image.read_at(track.start, _MODE_1_DATA)
        before = -address_of(head)
        if head.startswith(RAW_SYNC) and 0 <= before <= LEAD_IN_SECTORS:
            return before if before < track.length else 0
    if track.length <= LEAD_IN_SECTORS:
        return 0
    starts = [_without(track, skipped) for skipped in (0, LEAD_IN_SECTORS)]
    views = [SectorView(image.read_into, each) for each in starts]
    has_volume = [view.read_at(PVD_SECTOR * SECTOR_SIZE, len(PVD_MAGIC)) == PVD_MAGIC for view in views]
    return LEAD_IN_SECTORS if has_volume == [False, True] else 0

"""Reads lists of checksums in the forms that programs write, and finds the digests of an image in them.

Forms: `md5sum` with one or two spaces, a tab or `*`; `--tag`, BSD and openssl; SFV; hashdeep; 7-Zip, certutil and
Get-FileHash; a digest alone. As UTF-8 with or without a BOM, UTF-16, or in an encoding of Windows.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from discpress.engine.convert.playlists.encodings import forms_of
from discpress.engine.errors import UsageError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.files import open_regular

_KIND_OF_LENGTH = {8: "crc32", 32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_KIND_OF_LABEL = {
    "crc": "crc32", "crc32": "crc32", "md5": "md5", "sha": "sha1", "sha1": "sha1", "xxh128": "xxh3", "xxh3": "xxh3",
    **{f"sha{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)},
    **{f"sha2{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)},
}  # fmt: skip
"""The kinds that are checked by their labels, in lower case and without signs: `SHA2-256` is `sha2256`."""
_OTHER_KINDS = ("blake", "b2", "b3", "sha3", "xxh", "rmd", "ripemd", "tiger", "whirlpool", "tth", "ed2k", "md4", "sm3")
"""Beginnings of the labels and suffixes of kinds that are not checked."""
_COMMENTS = ("#", ";", "%")
_STANDARD_INPUT = {"-", "stdin", "(stdin)"}
_MAX_BYTES = 16 * 1024 * 1024
_OLD_ENCODINGS = ("cp1252", "cp932")
_HEX = r"(?P<hex>[0-9A-Fa-f]{8,128})"
_DIGITS = re.compile(_HEX)
_LABEL = r"(?P<label>[A-Za-z][A-Za-z0-9/-]{1,15})"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_HEX}(?: [ *]|\t+\*?| )(?P<name>.+)",  # md5sum -t, md5sum -b, a tab, one space
        rf"(?:{_LABEL} ?)?\((?P<name>.+)\) ?= ?{_HEX}",  # md5sum --tag, BSD, openssl
        _HEX,  # md5 -q
        rf"{_LABEL}(?: for data)?\s*[:=]\s*{_HEX}",  # 7z h, and the text of databases
        rf"{_LABEL}\s+{_HEX}\s+(?P<name>\S.*)",  # Get-FileHash
        rf"\d+,(?:[0-9A-Fa-f]{{32,64}},)*?{_HEX},(?P<name>[^,].*)",  # hashdeep: the last digest
    )
)
"""Each takes a time linear in the length of a line, which may be 16 MiB."""
_HEADING = re.compile(rf"{_LABEL}[ -]\S+ \S+ (?:file )?(?P<name>.+):")
"""The line of certutil before a digest: `SHA1 hash of Game.iso:`, in any language."""
_NOISE = re.compile(r"CertUtil: .*|Algorithm\s+Hash\s+Path|[- ]+")
_SPACED = re.compile(r"(?:[0-9A-Fa-f]{2} ){15,}[0-9A-Fa-f]{2}")
"""A digest as certutil of Windows 7 writes it."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """One digest of a list."""

    kind: str
    """Its kind, as `DigestSet` names it; one of `_OTHER_KINDS` and the like if it cannot be checked."""
    digest: str
    """Lower-case hex digits."""
    name: str
    """The name or path of its file as the list has it; empty if the list names none."""


class ChecksumList:
    """The digests of a checksum file."""

    def __init__(self, path: Path, checksums: Sequence[Checksum], *, is_whole: bool) -> None:
        """`is_whole` is whether every line is understood."""
        self.path = path
        self.checksums = tuple(checksums)
        self._is_whole = is_whole
        self._by_path: dict[str, list[Checksum]] = {}
        self._by_form: dict[str, list[Checksum]] = {}
        for each in self.checksums:
            self._by_path.setdefault(_path_of(each.name), []).append(each)
            for form in _forms_of(each.name):
                self._by_form.setdefault(form, []).append(each)

    def of(self, names: Sequence[str]) -> tuple[str, tuple[Checksum, ...]]:
        """Return the first of some names or paths that the list has, with its digests, each of another kind.

        Without one of the names they are the digests without a name, or those of the only file of the list, and the
        returned name is empty. Raises UsageError if there are none, or if a name has two digests of one kind.
        """
        for name in names:
            if found := self._by_path.get(name):
                return name, self._unique(found, name)
        for name in names:
            if found := [each for form in sorted(_forms_of(name)) for each in self._by_form.get(form, ())]:
                return name, self._unique(found, name)
        nameless = [each for each in self.checksums if not each.name]
        is_of_one_file = self._is_whole and len(self._by_path) == 1
        if nameless or is_of_one_file:
            return "", self._unique(nameless or self.checksums, Path(names[0]).name)
        raise UsageError(
            f"{display_name(self.path)}: contains no line for {display_name(Path(names[0]).name)}",
            hint="use the names of decoded images in the checksum file",
        )

    def _unique(self, found: Sequence[Checksum], name: str) -> tuple[Checksum, ...]:
        by_kind = {each.kind: each for each in found}
        if len({(each.kind, each.digest) for each in found}) > len(by_kind):
            raise UsageError(
                f"{display_name(self.path)}: contains different digests for {display_name(name)}",
                hint="give the digest itself, with --md5, --sha1, --sha256 or --crc32",
            )
        return tuple(by_kind.values())


def read_checksum_list(path: Path) -> ChecksumList:
    """Read a checksum file. Raises UsageError if it contains no checksum, StorageError."""
    fd, _ = open_regular(path)
    try:
        with os.fdopen(fd, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{display_name(path)}: too large for a checksum file")
    except OSError as error:
        raise from_os_error(error, path, "read the checksum file") from error
    odd: list[str] = []
    checksums = tuple(_parse(next(forms_of(data)).decode_all(data), path.suffix[1:].lower(), odd))
    if not checksums:
        got = (
            f"expected a line of a checksum file, got {display_name(odd[0][:60])!r}" if odd else "contains no checksum"
        )
        raise UsageError(f"{display_name(path)}: {got}")
    return ChecksumList(path, checksums, is_whole=not odd)


def _parse(text: str, suffix: str, odd: list[str]) -> Iterator[Checksum]:
    """Yield the digests of a text; lines that are neither one nor a comment are appended to `odd`."""
    heading = ""
    for line in re.split(r"\r\n|\n|\r", text):
        plain = line.replace(" ", "") if _SPACED.fullmatch(line.strip()) else line
        found = _checksum_in(plain, suffix)
        if found is not None:
            yield Checksum(found.kind, found.digest, found.name or heading)
        elif (match := _HEADING.fullmatch(line.strip())) is not None and _known_label(match["label"]):
            heading = match["name"]
            continue
        elif line.strip() and not line.startswith(_COMMENTS) and not _NOISE.fullmatch(line):
            odd.append(line)
        heading = ""


def _checksum_in(line: str, suffix: str) -> Checksum | None:
    is_escaped = line.startswith("\\")
    body = line.removeprefix("\\") if is_escaped else line
    if body.startswith(_COMMENTS) and not is_escaped:
        return None
    name_first = _name_first(body, suffix)
    if name_first is not None and suffix == "sfv":
        return name_first
    for form in _FORMS:
        match = form.fullmatch(body) or form.fullmatch(body.strip())
        if match is None or len(match["hex"]) not in _KIND_OF_LENGTH:
            continue
        groups = match.groupdict()
        label, name = groups.get("label"), groups.get("name") or ""
        kind = _kind_of(match["hex"], label or "", suffix, is_alone=not name and not label)
        if kind and (not label or _known_label(label)):
            return Checksum(kind, match["hex"].lower(), _unescaped(name) if is_escaped else _file_in(name))
        if label and _known_label(label):
            return None  # a label that contradicts the length of the digest
    return name_first


def _name_first(body: str, suffix: str) -> Checksum | None:
    """Return the digest at the end of a line, as in an SFV."""
    name, *rest = body.rsplit(maxsplit=1)[:2] or [""]
    if not rest or _DIGITS.fullmatch(rest[0]) is None or len(rest[0]) not in _KIND_OF_LENGTH:
        return None
    kind = _kind_of(rest[0], "", suffix, is_alone=False)
    return Checksum(kind, rest[0].lower(), name) if kind else None


def _file_in(name: str) -> str:
    return "" if name in _STANDARD_INPUT else name


def _unescaped(name: str) -> str:
    return re.sub(r"\\([\\nr])", lambda found: {"\\": "\\", "n": "\n", "r": "\r"}[found[1]], name)


def _known_label(label: str) -> bool:
    plain = _plain(label)
    return plain in _KIND_OF_LABEL or plain.startswith(_OTHER_KINDS)


def _plain(label: str) -> str:
    return re.sub("[^a-z0-9]", "", label.lower())


def _kind_of(digest: str, label: str, suffix: str, *, is_alone: bool) -> str:
    """Return the kind of a digest by its label, else by the file's suffix, else by its length; empty if they differ."""
    stated = _plain(label or suffix)
    kind = _KIND_OF_LENGTH[len(digest)]
    if stated.startswith(_OTHER_KINDS) and stated not in _KIND_OF_LABEL:
        return stated
    expected = _KIND_OF_LABEL.get(stated)
    if expected == "xxh3":
        return "xxh3" if len(digest) == 32 else ""
    is_short = expected is None and kind == "crc32" and suffix != "sfv"  # eight digits may be anything
    is_doubtful = is_alone and (is_short or expected not in {None, kind})
    return "" if is_doubtful or (label and expected != kind) else kind


def _path_of(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _forms_of(name: str) -> set[str]:
    """Return the forms in which a name is compared: whole and its last step, in one case and one form of Unicode."""
    found = set()
    for text in (name, *_decoded_anew(name)):
        for each in (Path(text).name, PureWindowsPath(text).name, text.strip()):
            found.add(unicodedata.normalize("NFC", each).casefold())
    return found - {""}


def _decoded_anew(name: str) -> Iterator[str]:
    """Yield a name of undecodable bytes as the older encodings of Windows have it."""
    if name.isascii() or not any("\udc80" <= each <= "\udcff" for each in name):
        return
    for encoding in _OLD_ENCODINGS:
        try:
            yield os.fsencode(name).decode(encoding)
        except UnicodeError:
            continue

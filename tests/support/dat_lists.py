"""Small lists for tests, written as the preservation projects write theirs, and digests to find in them."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

HEADERS = {
    "Redump": "<author>redump.org</author><url>http://redump.org/</url>",
    "MAMERedump": "<author>MAME Redump</author><url>https://github.com/MetalSlug/MAMERedump</url>",
    "No-Intro": "<homepage>No-Intro</homepage><url>https://www.no-intro.org</url>",
}
Row = Mapping[str, object]


def rom(name: str, data: bytes, **more: object) -> Row:
    """Return the row of a file with its digests; `more` replaces attributes, or adds some."""
    return {"name": name, "size": len(data), "crc": f"{zlib.crc32(data):08x}", "sha1": sha1(data), **more}


def disk(name: str, overall_sha1: str, **more: object) -> Row:
    """Return the row of a CHD."""
    return {"is_disk": True, "name": name, "sha1": overall_sha1, **more}


def sha1(data: bytes) -> str:
    """Return the SHA-1 in hex."""
    return hashlib.sha1(data).hexdigest()


def logiqx(
    games: Mapping[str, Iterable[Row]],
    name: str = "Sony - PlayStation 2",
    publisher: str = "Redump",
    version: str = "2026-08-01",
) -> str:
    """Return a list in Logiqx XML: its games by name, each with rows of `rom` and `disk`."""
    lines = [
        '<?xml version="1.0"?>',
        '<!DOCTYPE datafile PUBLIC "-//Logiqx//DTD ROM Management Datafile//EN" "http://www.logiqx.com/Dats/datafile.dtd">',
        f"<datafile><header><name>{name}</name><version>{version}</version>{HEADERS[publisher]}</header>",
    ]
    for game, rows in games.items():
        lines.append(f"<game name={quoteattr(game)}><description/>")
        for row in rows:
            words = " ".join(f"{key}={quoteattr(str(value))}" for key, value in row.items() if key != "is_disk")
            lines.append(f"<{'disk' if row.get('is_disk') else 'rom'} {words}/>")
        lines.append("</game>")
    return "\n".join([*lines, "</datafile>"])


def write_list(path: Path, games: Mapping[str, Iterable[Row]], **header: str) -> Path:
    """Write a list."""
    path.write_text(logiqx(games, **header), encoding="utf-8")
    return path

"""Coverage-guided fuzzing of everything that parses bytes: sniff, headers, indexes, maps, readers, doctor, discs, ZIP.

    pip install atheris
    python tests/bench/fuzz/fuzz.py --seconds 3600 [--corpus DIR] [--seed N] [--only KIND]

Seeds are sheets, track tables, kept files, hunks and CHD files of CDs. Without `--only cds` there are others, made of
tests/data/golden: discs cut to 64 KiB, as they are, packed, as CHD and in archives, and the heads of the packed ones.
The other kinds are those of tests/support/look_at_parts.py, and reach one parser at once: a sheet, a hunk, metadata, a
datfile, a header of a GameCube or Wii disc, the settings, watched folders, the lists of a device, the first sectors of
a disc. A find is an exception that is no DiscpressError, more than 2 s of processor time for a MiB, or 128 MiB
of memory beyond the interpreter, the fuzzer's own included; its input stays in the corpus as crash-* or timeout-*. Once
mended it belongs into tests/data/fuzz, where tests/engine/images/test_fuzzed.py looks at it ever after. Prints
executions and processor time.
"""

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

MIB = 1 << 20
S_PER_MIB = 2.0
"""Most processor time that a file may take, per MiB of it or of one MiB, on a machine that does nothing else."""
MEMORY_MIB = 128
MAX_BYTES = 64 * 1024
PACKED = (("zso", 2048), ("zso", 16384), ("cso", 2048), ("cso", 16384))
CHD_METHODS = ("zlib", "zstd", "lzma", "zlib-zstd-lzma")
CHDMAN_CODECS = ("zlib", "lzma", "huff", "flac")
SMALL_BYTES = 48 * 1024
CUT_DISCS = ("psp.iso", "ps2.iso", "tail.iso")


def peak_mib() -> int:
    """Return the most memory that this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def make_seeds(folder: Path) -> None:
    """Write small images of every kind but CDs."""
    from archive_files import DEFLATED, SEVEN_ZIP_FILTERS, STORED, write_7z, write_zip
    from chd_images import create_raw, made_chd
    from sample_images import GOLDEN, convert_image, pack, write_image

    from discpress.engine.discs.iso9660 import find
    from discpress.engine.formats import ImageFormat, Method
    from discpress.engine.images.open import open_image

    for name in CUT_DISCS:
        data = (GOLDEN / name).read_bytes()[: MAX_BYTES - 4096]
        write_image(folder / name, data)
        for kind, block_size in PACKED:
            path = folder / f"{name}.{block_size}.{kind}"
            pack(path, data, ImageFormat(kind), block_size)
            path.with_name(f"{path.name}.source").unlink()
        small = data[:SMALL_BYTES]
        (folder / f"{name}.made.chd").write_bytes(made_chd(small).encode())
        for methods in CHD_METHODS:
            source_path = write_image(folder / f"{name}.{methods}.source", small)
            chosen = tuple(Method(method) for method in methods.split("-"))
            convert_image(source_path, folder / f"{name}.{methods}.chd", ImageFormat.CHD, 4096, methods=chosen)
            source_path.unlink()
        if shutil.which("chdman"):
            source_path = write_image(folder / f"{name}.source", small)
            for codec in CHDMAN_CODECS:
                create_raw(source_path, folder / f"{name}.chdman-{codec}.chd", codec)
            source_path.unlink()
        for method in (STORED, DEFLATED):
            write_zip(folder / f"{name}.{method}.zip", {"a.iso": small, "b/c.zso": b"no image"}, method)
        for filters in SEVEN_ZIP_FILTERS:
            write_7z(folder / f"{name}.{filters}.7z", {"a.iso": small}, filters)
    for path in GOLDEN.iterdir():
        if path.suffix not in {".iso", ".chd"}:  # the map of a CHD stands at its end
            (folder / path.name).write_bytes(path.read_bytes()[:MAX_BYTES])
    with open_image(GOLDEN / "psp.iso") as image:
        extent = find(image, "PSP_GAME/PARAM.SFO")
        if extent is not None:
            (folder / "param.sfo").write_bytes(image.read_at(extent.offset, extent.length))


def make_cd_seeds(folder: Path) -> None:
    """Write CHD files of CDs, sheets, and the parts of both."""
    from cd_sectors import form_1
    from kept_entries import kept_chd
    from made_cds import MadeDisc, write_ccd, write_cue, write_gdi, write_mds
    from made_hunks import HUNK
    from packed_cds import CODECS, FRAME, PACKERS, MadeTrack, made_cd

    from discpress.engine.images.cd.kept.entry import encode
    from discpress.engine.images.cd.kept.reading import kept_in
    from discpress.engine.images.open import open_image

    tracks = [MadeTrack("MODE2_RAW", form_1(0, bytes(2048)) * 9), MadeTrack("AUDIO", b"\1\2" * 1176 * 8)]
    for tag in (*CODECS, b"zlib"):
        codec = tag.decode()
        for entry_tag in (b"CHT2", b"CHGD"):
            made = made_cd(tracks, [tag], tag=entry_tag, frames_per_hunk=4)
            (folder / f"cd.{codec}.{entry_tag.decode()}.chd").write_bytes(made.encode())
        (folder / f"cd.{codec}.iso.chd").write_bytes(made_cd([MadeTrack("MODE1", bytes(SMALL_BYTES))], [tag]).encode())
        for frames in (1, 4):
            (folder / f"hunk.{codec}.{frames}").write_bytes(PACKERS[tag](HUNK[: frames * FRAME]))
    for entry_tag in (b"CHT2", b"CHGD"):
        entries = [track.entry(number, entry_tag) for number, track in enumerate(tracks, 1)]
        (folder / f"tracks.{entry_tag.decode()}").write_bytes(b"\n".join(entries))
    described = MadeDisc().add("MODE2/2352", 3).add("AUDIO", 2, pregap=2)
    for write, suffix in ((write_cue, "cue"), (write_ccd, "ccd"), (write_mds, "mds"), (write_gdi, "gdi")):
        path = write(folder / f"fuzzed.{suffix}", described)
        if suffix == "cue":
            kept_path = folder / "kept.chd"
            kept_path.write_bytes(kept_chd(path))
            with open_image(kept_path) as image:
                kept = kept_in(image).files
            if kept is not None:
                (folder / "kept.payload").write_bytes(encode(kept))
        path.rename(folder / f"sheet.{suffix}")


def plant(corpus: Path, kind: str | None) -> None:
    """Write the seeds of a kind, of all files without one."""
    from part_seeds import SEEDS

    if kind is not None and kind in SEEDS:
        for name, data in SEEDS[kind]().items():
            (corpus / name).write_bytes(data)
        return
    make_cd_seeds(corpus)
    if kind is None:
        make_seeds(corpus)


def fuzz(corpus: Path, seconds: int, seed: int, kind: str | None) -> None:
    """Fuzz in this process until the time is over or something is found."""
    import atheris

    with atheris.instrument_imports(include=["discpress"]):
        from look_at_parts import LOOKS
        from look_everywhere import look_everywhere
    from part_seeds import NEIGHBOURS

    look_at_all = LOOKS.get(kind or "", look_everywhere)

    def look(path: Path) -> None:
        started = time.process_time()
        look_at_all(path)
        used_s, size_bytes = time.process_time() - started, path.stat().st_size
        assert used_s <= S_PER_MIB * max(1.0, size_bytes / MIB), f"{used_s:.1f} s for {size_bytes} bytes"

    with tempfile.TemporaryDirectory(prefix="discpress-fuzz-", dir="/dev/shm") as name:
        path = Path(name) / "fuzzed.iso"
        for neighbour, content in NEIGHBOURS.items():
            path.with_name(neighbour).write_bytes(content)
        for each in corpus.iterdir():
            path.write_bytes(each.read_bytes())
            look(path)
        limit_mib = peak_mib() + MEMORY_MIB

        def one(data: bytes) -> None:
            path.write_bytes(data)
            look(path)
            if peak_mib() > limit_mib:
                raise MemoryError(f"more than {MEMORY_MIB} MiB for {len(data)} bytes")

        options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-print_final_stats=1", "-timeout=60"]
        more = [f"-artifact_prefix={corpus}/", f"-seed={seed}", "-rss_limit_mb=0", str(corpus)]
        atheris.Setup([sys.argv[0], *options, *more], one)
        atheris.Fuzz()


def main() -> int:
    """Fuzz in a child, count what it did; return 1 when it found something."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=3600, help="how long (default: 3600)")
    parser.add_argument("--seed", type=int, default=1, help="repeats a run (default: 1)")
    parser.add_argument("--only", metavar="KIND", help="look at this kind alone: cds, cue, ccd, mds, gdi, hunks, ...")
    parser.add_argument("--corpus", type=Path, help="keep and take up the corpus here (default: a new folder)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="discpress-corpus-"))
    if options.child:
        fuzz(corpus, options.seconds, options.seed, options.only)
        return 0
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        plant(corpus, options.only)
    command = [sys.executable, __file__, "--child", f"--seconds={options.seconds}", f"--seed={options.seed}"]
    began = time.monotonic()
    command += [f"--only={options.only}"] if options.only else []
    done = subprocess.run([*command, f"--corpus={corpus}"], stderr=subprocess.PIPE, text=True)
    counted = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(done.stderr[-3000:] if done.returncode else "nothing found")
    print(
        f"{counted[1] if counted else '?'} executions, {used.ru_utime + used.ru_stime:.0f} s of processor time, "
        f"{time.monotonic() - began:.0f} s in all, peak {used.ru_maxrss // 1024} MiB, seed {options.seed}, {corpus}"
    )
    return int(bool(done.returncode))


if __name__ == "__main__":
    sys.exit(main())

"""The places of titles on devices."""

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from title_fields import TitleFields, title_at

from discpress.engine.convert.nintendo.split_files import PART_BYTES
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.layouts import LAYOUTS
from discpress.engine.deploy.layouts.names import device_stem, is_device_name
from discpress.engine.deploy.records import DeviceFacts, LayoutRequest, Placement
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, OtherFile, StoredEstimate, Title
from discpress.engine.units import GIB, MIB

FAT32 = DeviceFacts(Path("/media/stick"), "vfat", 60 * GIB, 64 * GIB, 32768, 4 * GIB - 1)
EXFAT = DeviceFacts(Path("/media/stick"), "exfat", 60 * GIB, 64 * GIB, 131072)
EXT4 = DeviceFacts(Path("/media/disk"), "ext4", 60 * GIB, 64 * GIB)
CD_TRACKS = TrackCounts(1, 0, 2352)
DVD_BYTES = 2 * GIB


def title(name: str, size_bytes: int = DVD_BYTES, **values: Unpack[TitleFields]) -> Title:
    """Return a title of a library, an ISO of a DVD for the PS2 if not chosen otherwise."""
    given: TitleFields = {"format": ImageFormat.ISO, "system": "ps2", "original_bytes": size_bytes, **values}
    return title_at(Path("/games", name), FileIdentity(1, size_bytes, 2), **given)


def ps2(name: str = "Okami (USA).iso", size_bytes: int = DVD_BYTES, **values: Unpack[TitleFields]) -> Title:
    given: TitleFields = {"serial": "SLUS-21115", "title": "Okami", "tags": ("(USA)",), **values}
    return title(name, size_bytes, **given)


def gamecube(name: str = "Melee.iso", **values: Unpack[TitleFields]) -> Title:
    given: TitleFields = {"system": "gamecube", "serial": "GALE01", "title": "Super Smash Bros. Melee", **values}
    return title(name, 1_459_978_240, **given)


def wii(name: str = "Kart.wbfs", size_bytes: int = 3 * GIB, **values: Unpack[TitleFields]) -> Title:
    given: TitleFields = {
        "system": "wii",
        "serial": "RMCE01",
        "title": "Mario Kart Wii",
        "format": ImageFormat.WBFS,
        "block_size": 2 * MIB,
        "original_bytes": 4_699_979_776,
        **values,
    }
    return title(name, size_bytes, **given)


def split(one: Title, *others: str, size_bytes: int = GIB) -> Title:
    return replace(one, others=tuple(OtherFile(name, size_bytes) for name in others))


def place(
    kind: DeviceKind,
    one: Title,
    device: DeviceFacts = EXFAT,
    image_format: ImageFormat | None = None,
    *,
    ul: bool = False,
) -> Placement:
    return LAYOUTS[kind](one, device, LayoutRequest(image_format, ul))


def paths(placement: Placement) -> list[str]:
    assert not placement.refused
    return [str(path) for path in placement.paths]


class TestOpl:
    """A PS2 with OPL."""

    def test_a_dvd_is_copied_under_its_serial(self) -> None:
        placement = place(DeviceKind.OPL, ps2())
        assert paths(placement) == ["DVD/SLUS_211.15.Okami.iso"]
        assert (placement.format, placement.target) == (None, "opl")

    @pytest.mark.parametrize(
        ("one", "path"),
        [
            (ps2(size_bytes=700 * MIB), "CD/SLUS_211.15.Okami.iso"),
            (ps2(size_bytes=737_280_000), "CD/SLUS_211.15.Okami.iso"),
            (ps2(size_bytes=737_282_048), "DVD/SLUS_211.15.Okami.iso"),
            (ps2("Okami.zso", MIB, format=ImageFormat.ZSO, block_size=2048, original_bytes=4 * GIB),
             "DVD/SLUS_211.15.Okami.zso"),
        ],
    )  # fmt: skip
    def test_the_size_of_an_iso_tells_a_cd(self, one: Title, path: str) -> None:
        assert paths(place(DeviceKind.OPL, one)) == [path]

    @pytest.mark.parametrize(
        ("one", "folder"),
        [(ps2(size_bytes=700 * MIB), "DVD"), (replace(ps2("a.chd", format=ImageFormat.CHD), tracks=CD_TRACKS), "CD")],
    )
    def test_content_of_a_dvd_counts_more_than_the_size_and_less_than_tracks(self, one: Title, folder: str) -> None:
        request = LayoutRequest(is_dvd=True)
        assert LAYOUTS[DeviceKind.OPL](one, EXT4, request).paths[0].parts[0] == folder

    def test_the_raw_dump_of_a_cd_becomes_a_zso_in_cd(self) -> None:
        one = ps2("Game.cue", 900 * MIB, format=ImageFormat.CUE)
        one = split(replace(one, tracks=CD_TRACKS), "Game.bin")
        placement = place(DeviceKind.OPL, one)
        assert paths(placement) == ["CD/SLUS_211.15.Okami.zso"]
        assert placement.format is ImageFormat.ZSO

    def test_a_cd_with_sound_is_refused(self) -> None:
        one = replace(ps2("Game.cue", format=ImageFormat.CUE), tracks=TrackCounts(1, 4, 2352))
        assert "an ISO contains one track of data" in place(DeviceKind.OPL, one).refused

    @pytest.mark.parametrize("image_format", [ImageFormat.CSO, ImageFormat.CHD, ImageFormat.DAX])
    def test_a_format_that_opl_does_not_load_becomes_a_zso(self, image_format: ImageFormat) -> None:
        placement = place(DeviceKind.OPL, ps2("a", format=image_format, block_size=2048))
        assert placement.format is ImageFormat.ZSO
        assert paths(placement) == ["DVD/SLUS_211.15.Okami.zso"]

    def test_a_zso_of_large_blocks_is_made_again(self) -> None:
        assert place(DeviceKind.OPL, ps2(format=ImageFormat.ZSO, block_size=16384)).format is ImageFormat.ZSO

    def test_a_discs_number_and_a_patch_stay_in_the_name(self) -> None:
        one = ps2(tags=("(USA)", "(En,Fr)", "(Disc 2)", "[t-en by X]"), disc_number=2)
        assert paths(place(DeviceKind.OPL, one)) == ["DVD/SLUS_211.15.Okami (Disc 2) [t-en by X].iso"]

    def test_a_name_has_at_most_160_bytes_before_the_suffix(self) -> None:
        (path,) = paths(place(DeviceKind.OPL, ps2(title="あ" * 90)))
        assert path == f"DVD/SLUS_211.15.{'あ' * 49}.iso"
        (path,) = paths(place(DeviceKind.OPL, ps2(title="x" * 200, serial="")))
        assert path == f"DVD/{'x' * 160}.iso"

    def test_a_disc_without_a_serial_keeps_a_plain_name(self) -> None:
        assert paths(place(DeviceKind.OPL, ps2(serial="", title="Homebrew"))) == ["DVD/Homebrew.iso"]

    def test_an_iso_that_fat32_cannot_hold_becomes_parts(self) -> None:
        placement = place(DeviceKind.OPL, ps2(size_bytes=4 * GIB), FAT32)
        assert [path[-14:] for path in paths(placement)] == [f"SLUS_211.15.0{number}" for number in range(4)]
        assert placement.part_bytes == GIB
        assert placement.ul is not None
        assert (placement.ul.name, placement.ul.serial, placement.ul.parts) == ("Okami", "SLUS_211.15", 4)

    def test_parts_can_be_asked_for(self) -> None:
        placement = place(DeviceKind.OPL, ps2(size_bytes=700 * MIB), ul=True)
        assert placement.ul is not None
        assert (placement.ul.parts, placement.ul.is_cd) == (1, True)

    @pytest.mark.parametrize(
        ("one", "image_format", "reason"),
        [
            (replace(ps2(), others=(OtherFile("b.iso", 1),)), None, "only an ISO can be cut into parts"),
            (ps2(), ImageFormat.ZSO, "OPL reads the parts of an ISO only"),
            (ps2(serial=""), None, "it has no serial"),
            (ps2(size_bytes=11 * GIB), None, "more than OPL's parts hold"),
        ],
    )
    def test_other_parts_are_refused(self, one: Title, image_format: ImageFormat | None, reason: str) -> None:
        assert reason in place(DeviceKind.OPL, one, EXFAT, image_format, ul=True).refused

    def test_a_zso_that_fat32_cannot_hold_is_refused(self) -> None:
        one = ps2(size_bytes=5 * GIB, format=ImageFormat.ZSO, block_size=2048)
        placement = place(DeviceKind.OPL, one, FAT32)
        assert placement.refused == "its file of 5 GiB is too large for the file system of the device"
        assert placement.hint == "format the device as exFAT"

    def test_a_result_that_is_known_to_be_too_large_is_refused(self) -> None:
        estimate = StoredEstimate(
            Settings(ImageFormat.ZSO), 8 * GIB, 5 * GIB, 5 * GIB - 1, 6 * GIB, MIB, "convert", "", 1
        )
        one = ps2(size_bytes=8 * GIB, estimate=estimate)
        assert "too large" in place(DeviceKind.OPL, one, FAT32, ImageFormat.ZSO).refused

    def test_a_format_that_opl_does_not_load_cannot_be_asked_for(self) -> None:
        placement = place(DeviceKind.OPL, ps2(), image_format=ImageFormat.CSO)
        assert placement.refused == "target opl: CSO cannot be loaded: ZSO is the only compressed format that OPL loads"
        assert placement.hint.startswith("use -f zso")


class TestPpsspp:
    """PPSSPP or a PSP."""

    def test_an_image_keeps_its_name(self) -> None:
        one = title("Lumines (USA).cso", format=ImageFormat.CSO, system="psp", block_size=2048, title="LUMINES")
        assert paths(place(DeviceKind.PPSSPP, one)) == ["ISO/Lumines (USA).cso"]

    def test_a_zso_becomes_a_cso(self) -> None:
        one = title("Lumines.zso", format=ImageFormat.ZSO, system="psp", block_size=2048)
        placement = place(DeviceKind.PPSSPP, one)
        assert (paths(placement), placement.format) == (["ISO/Lumines.cso"], ImageFormat.CSO)

    def test_an_iso_gets_the_suffix_of_one(self) -> None:
        assert paths(place(DeviceKind.PPSSPP, title("Lumines.img", system="psp"))) == ["ISO/Lumines.iso"]


class TestNintendo:
    """Nintendont, USB Loader GX and Dolphin."""

    def test_nintendont_gets_a_folder_per_game(self) -> None:
        assert paths(place(DeviceKind.NINTENDONT, gamecube())) == ["games/Super Smash Bros. Melee [GALE01]/game.iso"]

    def test_the_second_disc_lies_next_to_the_first(self) -> None:
        one = gamecube(title="Resident Evil 4 Disc 2", disc_number=2, serial="G4BE08")
        assert paths(place(DeviceKind.NINTENDONT, one)) == ["games/Resident Evil 4 [G4BE08]/disc2.iso"]

    def test_a_third_disc_is_refused(self) -> None:
        assert "it is disc 3" in place(DeviceKind.NINTENDONT, gamecube(disc_number=3)).refused

    def test_an_rvz_becomes_a_ciso_for_nintendont(self) -> None:
        placement = place(DeviceKind.NINTENDONT, gamecube("Melee.rvz", format=ImageFormat.RVZ, block_size=131072))
        assert placement.format is ImageFormat.GAMECUBE_CISO
        assert paths(placement) == ["games/Super Smash Bros. Melee [GALE01]/game.ciso"]

    def test_a_game_without_an_id_is_refused(self) -> None:
        assert "it has no game ID" in place(DeviceKind.NINTENDONT, gamecube(serial="")).refused

    def test_a_wbfs_is_copied_for_usb_loader_gx(self) -> None:
        placement = place(DeviceKind.USB_LOADER_GX, wii(), FAT32)
        assert paths(placement) == ["wbfs/Mario Kart Wii [RMCE01]/RMCE01.wbfs"]
        assert placement.part_bytes is None

    def test_a_wbfs_that_fat32_cannot_hold_is_cut(self) -> None:
        placement = place(DeviceKind.USB_LOADER_GX, wii(size_bytes=2 * PART_BYTES + 1), FAT32)
        assert [path.rpartition("/")[2] for path in paths(placement)] == ["RMCE01.wbfs", "RMCE01.wbf1", "RMCE01.wbf2"]
        assert placement.part_bytes == PART_BYTES

    def test_a_wbfs_in_parts_keeps_them(self) -> None:
        placement = place(DeviceKind.USB_LOADER_GX, split(wii(size_bytes=4 * GIB - 1), "Kart.wbf1"), FAT32)
        assert [path.rpartition("/")[2] for path in paths(placement)] == ["RMCE01.wbfs", "RMCE01.wbf1"]
        assert placement.part_bytes is None

    def test_an_iso_that_fat32_cannot_hold_becomes_a_wbfs(self) -> None:
        one = wii("Kart.iso", 4_699_979_776, format=ImageFormat.ISO, block_size=0)
        assert place(DeviceKind.USB_LOADER_GX, one, FAT32).format is ImageFormat.WBFS
        assert place(DeviceKind.USB_LOADER_GX, one, EXFAT).format is None

    def test_usb_loader_gx_starts_gamecube_games_with_nintendont(self) -> None:
        placement = place(DeviceKind.USB_LOADER_GX, gamecube())
        assert paths(placement) == ["games/Super Smash Bros. Melee [GALE01]/game.iso"]
        assert placement.target == "nintendont"

    def test_the_title_in_a_folders_name_is_short_enough_to_be_shown(self) -> None:
        (path,) = paths(place(DeviceKind.USB_LOADER_GX, wii(title="x" * 100)))
        assert path == f"wbfs/{'x' * 63} [RMCE01]/RMCE01.wbfs"

    def test_dolphin_takes_an_rvz_as_it_is(self) -> None:
        one = wii("Kart (USA).rvz", format=ImageFormat.RVZ, block_size=131072)
        assert paths(place(DeviceKind.DOLPHIN, one)) == ["Kart (USA).rvz"]

    def test_an_iso_in_an_archive_stays_an_iso(self) -> None:
        """nod-rs, which packs discs for these loaders, reads files only."""
        one = gamecube("Melee.zip/Melee.iso")
        one = replace(one, identity=replace(one.identity, member=1, member_bytes=MIB))
        assert place(DeviceKind.NINTENDONT, one).format is ImageFormat.ISO
        assert "made from whole files" in place(DeviceKind.DOLPHIN, one, EXFAT, ImageFormat.RVZ).refused


class TestBatocera:
    """Batocera."""

    @pytest.mark.parametrize(
        ("system", "folder"), [("ps2", "ps2"), ("psp", "psp"), ("gamecube", "gamecube"), ("mega-cd", "megacd")]
    )
    def test_each_system_has_a_folder(self, system: str, folder: str) -> None:
        assert paths(place(DeviceKind.BATOCERA, title("Game (USA).iso", system=system), EXT4)) == [
            f"roms/{folder}/Game (USA).iso"
        ]

    def test_the_device_may_be_the_folder_roms_itself(self) -> None:
        roms = replace(EXT4, root=Path("/userdata/roms"))
        assert paths(place(DeviceKind.BATOCERA, ps2(), roms)) == ["ps2/Okami (USA).iso"]

    def test_a_sheet_gets_a_folder_with_its_files(self) -> None:
        one = split(title("Wipeout.cue", system="ps1", format=ImageFormat.CUE), "Track 1.bin", "Track 2.bin")
        one = replace(one, tracks=TrackCounts(1, 1, 2352))
        placement = place(DeviceKind.BATOCERA, one, EXT4)
        folder = "roms/psx/Wipeout"
        assert paths(placement) == [f"{folder}/Wipeout.cue", f"{folder}/Track 1.bin", f"{folder}/Track 2.bin"]
        assert placement.format is None

    def test_a_zso_which_its_menu_does_not_list_becomes_another_format(self) -> None:
        placement = place(DeviceKind.BATOCERA, ps2("Okami.zso", format=ImageFormat.ZSO, block_size=2048), EXT4)
        assert placement.format in {ImageFormat.CSO, ImageFormat.CHD}
        refused = place(DeviceKind.BATOCERA, ps2(), EXT4, ImageFormat.ZSO).refused
        assert refused == "the menu of the device does not list ZSO files"

    def test_a_disc_that_batocera_has_no_folder_for_is_refused(self) -> None:
        assert place(DeviceKind.BATOCERA, title("Song.iso", system="dvd-video"), EXT4).refused == (
            "Batocera has no folder for discs of this kind (DVD-Video)"
        )


class TestFolder:
    """A plain folder."""

    def test_files_keep_their_names(self) -> None:
        one = split(title("What?: [red].cue", format=ImageFormat.CUE), "a.bin")
        assert paths(place(DeviceKind.FOLDER, one, EXT4)) == ["What?: [red].cue", "a.bin"]

    def test_names_that_fat_refuses_are_changed(self) -> None:
        assert paths(place(DeviceKind.FOLDER, title("What?: II.iso"), EXFAT)) == ["What_ - II.iso"]

    def test_a_sheet_whose_names_fat_refuses_is_refused(self) -> None:
        one = split(title("What.cue", format=ImageFormat.CUE), "What?.bin")
        assert "a sheet names its files" in place(DeviceKind.FOLDER, one, EXFAT).refused

    def test_a_file_that_discpress_does_not_read_is_copied(self) -> None:
        one = title("Game.nrg", format=ImageFormat.NRG, fault=Fault.OTHER, system="")
        assert paths(place(DeviceKind.FOLDER, one)) == ["Game.nrg"]

    def test_another_format_can_be_asked_for(self) -> None:
        placement = place(DeviceKind.FOLDER, ps2(), EXFAT, ImageFormat.CHD)
        assert (paths(placement), placement.format) == (["Okami (USA).chd"], ImageFormat.CHD)

    def test_a_file_larger_than_fat32_holds_is_refused(self) -> None:
        assert "too large" in place(DeviceKind.FOLDER, ps2(size_bytes=4 * GIB), FAT32).refused


@pytest.mark.parametrize("kind", [each for each in DeviceKind if each is not DeviceKind.FOLDER])
@pytest.mark.parametrize("fault", list(Fault))
def test_only_a_title_that_cannot_be_read_is_refused(kind: DeviceKind, fault: Fault) -> None:
    """One that is not whole is for the planner, which asks for `--force`."""
    systems = {DeviceKind.PPSSPP: "psp", DeviceKind.OPL: "ps2", DeviceKind.BATOCERA: "ps2"}
    one = title("Game.iso", fault=fault, system=systems.get(kind, "gamecube"), serial="GALE01")
    refused = fault in {Fault.SPLIT_PART, Fault.UNREAD, Fault.OTHER}
    assert place(kind, one).is_refused is refused


@pytest.mark.parametrize(
    ("kind", "system", "reason"),
    [
        (DeviceKind.OPL, "psp", "OPL plays PS2 discs only, and this is a disc for PSP"),
        (DeviceKind.OPL, "iso9660", "OPL plays PS2 discs only, and this is a disc of no known console"),
        (DeviceKind.DOLPHIN, "ps2", "Dolphin plays GameCube and Wii discs only, and this is a disc for PS2"),
        (DeviceKind.NINTENDONT, "wii", "Nintendont plays GameCube discs only, and this is a disc for Wii"),
    ],
)
def test_a_disc_for_another_console_is_refused(kind: DeviceKind, system: str, reason: str) -> None:
    assert place(kind, title("Game.iso", system=system)).refused == reason


@pytest.mark.parametrize("kind", [each for each in DeviceKind if each is not DeviceKind.OPL])
def test_only_opl_has_parts_with_a_list(kind: DeviceKind) -> None:
    assert place(kind, gamecube(), ul=True).hint == "leave out --ul"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Final: The II", "Final - The II"),
        ('a<b>c"d/e\\f|g?h*i', "a_b_c_d_e_f_g_h_i"),
        ("Dots and blanks. . ", "Dots and blanks"),
        ("CON", "_CON"),
        ("nul.game", "_nul.game"),
        ("...", "Game"),
        ("Bell\a", "Bell_"),
    ],
)
def test_names_are_made_fit_for_fat(name: str, stem: str) -> None:
    assert device_stem(name) == stem


@pytest.mark.slow
@given(st.text(max_size=300), st.integers(12, 200))
@settings(max_examples=60)
def test_every_text_becomes_a_name_that_fat_takes(name: str, most_bytes: int) -> None:
    stem = device_stem(name, most_bytes)
    assert 0 < len(stem.encode()) <= most_bytes
    assert is_device_name(stem)
    assert PurePosixPath(stem).name == stem
    assert device_stem(stem, most_bytes) == stem


@pytest.mark.slow
@given(
    st.sampled_from(DeviceKind),
    st.sampled_from(["ps1", "ps2", "psp", "gamecube", "wii", "dreamcast", "mega-cd", "unknown", "pc"]),
    st.sampled_from([None, *ImageFormat]),
    st.sampled_from([None, *ImageFormat]),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.sampled_from([None, CD_TRACKS, TrackCounts(1, 3, 2352), TrackCounts(1, 0, 2048)]),
    st.booleans(),
)
@settings(max_examples=100)
def test_each_title_gets_a_place_or_a_reason(
    kind: DeviceKind,
    system: str,
    image_format: ImageFormat | None,
    wanted: ImageFormat | None,
    name: str,
    tracks: TrackCounts | None,
    is_archived: bool,
) -> None:
    one = replace(title(name, format=image_format, system=system, serial="GALE01", title=name), tracks=tracks)
    if is_archived:
        one = replace(one, identity=replace(one.identity, member=1, member_bytes=MIB))
    placement = place(kind, one, FAT32, wanted)
    assert placement.is_refused is not bool(placement.paths)
    for path in placement.paths:
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert all(is_device_name(part) for part in path.parts)

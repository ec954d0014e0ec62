"""Results for USB Loader GX, which lists a Wii game only under its id: `Title [GAMEID]/GAMEID.wbfs`."""

from pathlib import Path

import fault_injection as faults
import nintendo_discs as discs
import pytest
from sample_images import write_image

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.nintendo.loader_names import listed_id, path_by_id
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import VerifyError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.request import ConversionRequest

WBFS = ImageFormat.WBFS
FOR_LOADER = Settings(WBFS, target="usbloadergx")


@pytest.mark.parametrize(
    ("stem", "folder"),
    [
        ("Okami [t-en by X] [red]", "Okami [t-en by X] [red] [RZTE01]"),
        ("Zelten [RZTE01]", "Zelten [RZTE01]"),
        ("RZTE01", "RZTE01"),
        ("rzte01", "RZTE01"),
        ("[RZTE01]", "RZTE01"),
        ("a:b?", "a_b_ [RZTE01]"),
        (".hidden", "hidden [RZTE01]"),
        ("\udcff Game\n", "Game_ [RZTE01]"),
        ("ä" * 200, "ä" * 95 + " [RZTE01]"),
    ],
)
def test_a_game_has_a_folder_with_its_title_and_its_id(stem: str, folder: str) -> None:
    found = path_by_id(Path("/games"), stem, "RZTE01", ".wbfs", is_next_to_source=False)
    assert found == Path("/games") / folder / "RZTE01.wbfs"


@pytest.mark.parametrize("folder", ["RZTE01", "RZTE01_Zelten", "Zelten [RZTE01]"])
def test_a_folder_of_the_game_gets_no_other_one(folder: str) -> None:
    found = path_by_id(Path("/wbfs") / folder, "game", "RZTE01", ".wbfs", is_next_to_source=True)
    assert found == Path("/wbfs") / folder / "RZTE01.wbfs"


@pytest.mark.parametrize(
    ("settings", "serial", "game_id"),
    [
        (FOR_LOADER, "RZTE01", "RZTE01"),
        (Settings(ImageFormat.GAMECUBE_CISO, target="usbloadergx"), "RZTE01", "RZTE01"),
        (FOR_LOADER, "", ""),
        (Settings(ImageFormat.ISO, target="usbloadergx"), "RZTE01", ""),
        (Settings(WBFS, target="dolphin"), "RZTE01", ""),
        (Settings(WBFS, target="of another version"), "RZTE01", ""),
    ],
)
def test_only_packed_images_for_the_loader_are_named_by_the_id(settings: Settings, serial: str, game_id: str) -> None:
    assert listed_id(settings, serial) == game_id


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    pytest.importorskip("nod_rs")
    return write_image(tmp_path / "Okami [t-en by X] [red].iso", discs.wii_disc())


def convert(source_path: Path, output_path: Path | None = None) -> Conversion:
    return faults.run_conversion(source_path, output_path, target="usbloadergx", level=None)


@pytest.mark.slow
def test_a_conversion_makes_the_folder(source_path: Path) -> None:
    done = convert(source_path)
    folder = source_path.with_name("Okami [t-en by X] [red] [RZTE01]")
    assert done.plan.output_path == folder / "RZTE01.wbfs"
    assert (done.is_verified, faults.names_in(folder)) == (True, ["RZTE01.wbfs"])


@pytest.mark.slow
def test_a_name_of_the_user_counts(source_path: Path) -> None:
    assert convert(source_path, source_path.with_name("mine.wbfs")).plan.output_path.name == "mine.wbfs"


def test_a_folder_of_the_user_gets_the_folder_of_the_game(source_path: Path, tmp_path: Path) -> None:
    plan = plan_conversion(source_path, None, tmp_path / "wbfs", ConversionRequest(target="usbloadergx"))
    assert plan.output_path == tmp_path / "wbfs/Okami [t-en by X] [red] [RZTE01]/RZTE01.wbfs"


@pytest.mark.slow
def test_a_failure_leaves_no_empty_folder(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise VerifyError("it differs")

    monkeypatch.setattr("discpress.engine.convert.packing.prove_image", fail)
    with pytest.raises(VerifyError):
        convert(source_path)
    assert [path.name for path in source_path.parent.iterdir()] == [source_path.name]


@pytest.mark.slow
def test_a_failure_leaves_a_folder_that_was_there(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = source_path.with_name("Okami [t-en by X] [red] [RZTE01]")
    folder.mkdir()
    monkeypatch.setattr("discpress.engine.convert.packing.prove_image", faults.fail_with(5))
    with pytest.raises(OSError, match="Input/output error"):
        convert(source_path)
    assert list(folder.iterdir()) == []

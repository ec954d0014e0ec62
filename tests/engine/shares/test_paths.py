"""Paths in a share: what they name stays in the share, and means the same on every machine."""

import os
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from discpress.engine.errors import ShareError
from discpress.engine.shares.paths import SharePath, local_path, share_path

ID = "0123456789abcdef" * 2
PARTS = st.text(st.sampled_from("ab. é日\\:\udcff"), min_size=1, max_size=8).filter(
    lambda part: part not in {".", ".."}
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "mnt" / "nas"
    (root / "ps2").mkdir(parents=True)
    return root


@given(st.lists(PARTS, max_size=4))
def test_a_path_of_one_machine_becomes_the_same_below_the_root_of_another(parts: list[str]) -> None:
    here, there = Path("/no such/games"), Path("/no such/mnt/other")
    shared = share_path(ID, here, here.joinpath(*parts))
    assert shared is not None
    assert shared.parts == tuple(parts)
    assert local_path(there, shared) == there.joinpath(*parts)


@given(st.text(max_size=30))
@example("../a")
@example("a/../../b")
@example("/etc/passwd")
@example("a//b")
@example("a/")
@example("./a")
@example("a\0b")
@example("\ud800")
@example("a/" * 3000 + "a")
def test_any_text_is_refused_or_stays_below_the_root(text: str) -> None:
    root = Path("/no such/games")
    try:
        shared = SharePath(ID, text)
    except ShareError:
        return
    path = local_path(root, shared)
    assert os.path.normpath(path) == os.path.normpath(f"{root}/{text}")
    assert path.is_relative_to(root)


@pytest.mark.parametrize("text", ["..", "../a", "a/../b", "/a", "a//b", "a/", ".", "a\0", "\ud800", "a" * 5000])
def test_a_path_that_could_lead_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(ShareError, match="is no path of a share"):
        SharePath(ID, text)


@given(st.text(max_size=40))
def test_only_hex_ids_are_taken(share_id: str) -> None:
    assume(len(share_id) != 32)
    with pytest.raises(ShareError):
        SharePath(share_id, "a")


def test_the_root_itself_has_the_empty_path(root: Path) -> None:
    assert share_path(ID, root, root) == SharePath(ID, "")
    assert local_path(root, SharePath(ID, "")) == root


def test_a_path_outside_is_in_no_share(root: Path) -> None:
    assert share_path(ID, root, root.parent / "nas2" / "a.iso") is None


def test_a_path_with_dots_is_in_no_share(root: Path) -> None:
    assert share_path(ID, root, root / ".." / "other" / "a.iso") is None


def test_a_link_into_the_share_is_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "games").symlink_to(root / "ps2")
    assert share_path(ID, root, tmp_path / "games" / "a.iso") == SharePath(ID, "ps2/a.iso")


def test_a_link_within_the_share_is_followed(root: Path) -> None:
    (root / "best").symlink_to("ps2")
    assert local_path(root, SharePath(ID, "best/a.iso")) == root / "best" / "a.iso"


@pytest.mark.parametrize("target", ["..", "/etc", "../../outside"])
def test_a_link_out_of_the_share_is_refused(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    with pytest.raises(ShareError, match="leads out of the share"):
        local_path(root, SharePath(ID, "link/a.iso"))


def test_a_file_that_is_a_link_out_of_the_share_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.iso").write_bytes(b"a")
    (root / "a.iso").symlink_to(tmp_path / "a.iso")
    with pytest.raises(ShareError, match="leads out of the share"):
        local_path(root, SharePath(ID, "a.iso"))


def test_a_link_out_of_the_share_is_no_path_of_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.iso").write_bytes(b"a")
    (root / "a.iso").symlink_to(tmp_path / "a.iso")
    assert share_path(ID, root, root / "a.iso") is None


def test_a_loop_of_links_is_no_crash(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    assert local_path(root, SharePath(ID, "a")) == root / "a"


def test_a_root_behind_a_link_works(root: Path, tmp_path: Path) -> None:
    (tmp_path / "games").symlink_to(root)
    assert local_path(tmp_path / "games", SharePath(ID, "ps2/a.iso")) == tmp_path / "games" / "ps2" / "a.iso"

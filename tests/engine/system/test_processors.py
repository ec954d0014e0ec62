"""Processors and memory as control groups of both versions limit them, with their files in a folder."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from discpress.engine.system.processors import available_processors, memory_left
from discpress.engine.units import MIB

V1_LEFT = {
    "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{100 * MIB}\n",
    "sys/fs/cgroup/memory/box/memory.usage_in_bytes": f"{90 * MIB}\n",
    "sys/fs/cgroup/memory/box/memory.stat": f"cache 1\ntotal_cache {50 * MIB}\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
}
V2_LEFT = {
    "sys/fs/cgroup/a/b/memory.max": "max\n",
    "sys/fs/cgroup/a/memory.max": f"{200 * MIB}\n",
    "sys/fs/cgroup/a/memory.current": f"{150 * MIB}\n",
    "sys/fs/cgroup/a/memory.stat": f"anon 5\nfile {10 * MIB}\n",
    "sys/fs/cgroup/memory.max": f"{900 * MIB}\n",
    "sys/fs/cgroup/memory.current": "0\n",
}
IN_A_CONTAINER = {"sys/fs/cgroup/memory.max": f"{64 * MIB}", "sys/fs/cgroup/memory.current": f"{70 * MIB}"}


def system_with(root: Path, groups: str, files: Mapping[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("groups", "files", "left"),
    [
        ("4:memory:/box\n1:cpu:/\n0::/\n", V1_LEFT, 60 * MIB),
        ("0::/a/b\n", V2_LEFT, 60 * MIB),
        ("0::/not/visible/here\n", IN_A_CONTAINER, 0),
        ("0::/a\n", {"sys/fs/cgroup/memory.max": "of another version\n"}, None),
        ("0::/a\n", {"sys/fs/cgroup/memory.max": "5\n"}, None),
        ("0::/../..\n", IN_A_CONTAINER, 0),
    ],
    ids=["version 1", "version 2", "container", "unreadable", "no usage", "outside its own root"],
)
def test_the_group_with_the_least_memory_counts(
    groups: str, files: Mapping[str, str], left: int | None, tmp_path: Path
) -> None:
    assert memory_left(system_with(tmp_path, groups, files)) == left


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"sys/fs/cgroup/cpu.max": "100000000 100000\n"}, None),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"sys/fs/cgroup/cpu.max": "1 0\n"}, None),
    ],
    ids=["half a processor", "version 1", "more than there are", "no quota", "no quota in version 1", "nonsense"],
)
def test_a_quota_limits_the_processors(files: Mapping[str, str], most: int | None, tmp_path: Path) -> None:
    without = available_processors(tmp_path / "no groups at all")
    found = available_processors(system_with(tmp_path, "2:cpu,cpuacct:/\n0::/\n", files))
    assert found == (without if most is None else most)


def test_without_groups_memory_has_no_limit(tmp_path: Path) -> None:
    assert memory_left(tmp_path) is None

"""Where groups are made, and what is written there, by trees of files as kernels show them."""

from pathlib import Path

import pytest

from launcher.engines import Host
from launcher.engines.cgroup_places import CPU, MEMORY, parents, place_of
from launcher.engines.cgroups import RunGroups

_BOTH = "cpu memory"


def tree(folder: Path, own: str, handed_down: dict[str, str], has: str = _BOTH) -> Path:
    """A hierarchy of version 2 below `folder`: its groups, what each hands down, and this process's
    own. Returns what stands for `/proc/self`."""
    for name, controllers in handed_down.items():
        (folder / "cgroup" / name).mkdir(parents=True)
        (folder / "cgroup" / name / "cgroup.subtree_control").write_text(controllers)
    (folder / "cgroup" / "cgroup.controllers").write_text(f"cpuset {has} pids\n")
    proc = folder / "proc"
    proc.mkdir()
    (proc / "cgroup").write_text(f"0::/{own}\n")
    mount = f"30 24 0:26 / {folder}/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
    (proc / "mountinfo").write_text(f"24 1 8:1 / / rw - ext4 /dev/sda1 rw\n{mount}\n")
    return proc


def old_trees(folder: Path, own: str, root: str = "/") -> Path:
    """Hierarchies of version 1, one for cpu and one for memory, of which `root` is mounted."""
    proc, lines = folder / "proc", []
    for controller in (CPU, MEMORY):
        (folder / controller / own).mkdir(parents=True)
        lines.append(f"40 30 0:30 {root} {folder}/{controller} rw - cgroup cgroup rw,{controller}")
    proc.mkdir()
    (proc / "cgroup").write_text(f"3:memory:/{own}\n2:cpu,cpuacct:/{own}\n1:name=systemd:/\n")
    (proc / "mountinfo").write_text("\n".join(lines))
    return proc


@pytest.mark.parametrize(
    ("handed_down", "place"),
    [
        ({"": _BOTH, "user": _BOTH, "user/shell": ""}, "user"),
        ({"": _BOTH, "user": "memory", "user/shell": ""}, ""),
        ({"": _BOTH, "user": _BOTH, "user/shell": _BOTH}, "user/shell"),
    ],
    ids=["the group above", "further above", "its own"],
)
def test_nearest_group_that_hands_both_controllers_down_takes_them(
    tmp_path: Path, handed_down: dict[str, str], place: str
) -> None:
    proc = tree(tmp_path, "user/shell", handed_down)
    found = place_of((CPU, MEMORY), proc)
    assert found.unified
    assert set(found.folders.values()) == {tmp_path / "cgroup" / place}


def test_where_nobody_hands_them_down_the_own_group_is_asked_to(tmp_path: Path) -> None:
    proc = tree(tmp_path, "", {"": ""})
    assert set(place_of((MEMORY,), proc).folders.values()) == {tmp_path / "cgroup"}
    assert (tmp_path / "cgroup" / "cgroup.subtree_control").read_text() == "+memory"


def test_older_version_has_a_folder_for_each_controller_also_seen_from_a_container(
    tmp_path: Path,
) -> None:
    found = place_of((CPU, MEMORY), old_trees(tmp_path, "a/b"))
    assert not found.unified
    assert found.folders == {each: tmp_path / each / "a/b" for each in (CPU, MEMORY)}
    inside = tmp_path / "inside"
    found = place_of((CPU,), old_trees(inside, "docker/x", root="/docker/x"))
    assert found.folders == {CPU: inside / CPU}


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no control groups are mounted"):
        place_of((CPU,), tmp_path)
    proc = tree(tmp_path, "", {"": ""}, has="memory")
    with pytest.raises(OSError, match="its control groups have no controller cpu"):
        place_of((CPU, MEMORY), proc)


@pytest.mark.parametrize(
    ("cores", "quota_and_period_us"),
    [(0.5, "4000 8000"), (2, "16000 8000"), (0.125, "1000 8000"), (0.05, "1000 20000")],
)
def test_share_of_the_cores_is_a_quota_in_a_short_period(
    tmp_path: Path, cores: float, quota_and_period_us: str
) -> None:
    new = RunGroups(tree(tmp_path, "", {"": _BOTH})).group_of(Host("a", cores=cores))
    assert new is not None
    assert (new.folders[0] / "cpu.max").read_text() == quota_and_period_us
    old = RunGroups(old_trees(tmp_path / "old", "own")).group_of(Host("a", cores=cores))
    assert old is not None
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    assert [(old.folders[0] / each).read_text() for each in names] == quota_and_period_us.split()


def test_memory_is_what_is_left_beside_what_is_counted_elsewhere(tmp_path: Path) -> None:
    host = Host("a", memory_mb=2000)
    new = RunGroups(tree(tmp_path, "", {"": _BOTH})).group_of(host, held_bytes=300_000_000)
    assert new is not None
    assert (new.folders[0] / "memory.max").read_text() == "1700000000"
    (new.folders[0] / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    assert new.kills() == 1
    old = RunGroups(old_trees(tmp_path / "old", "own"))
    with pytest.raises(OSError, match="the framework alone holds more"):
        old.group_of(host, held_bytes=2_000_000_000)


def test_equal_hosts_share_a_group_and_one_without_limits_has_none(tmp_path: Path) -> None:
    groups = RunGroups(tree(tmp_path, "", {"": _BOTH}))
    first, other = (groups.group_of(Host(name, cores=1)) for name in ("a", "b"))
    assert first != other
    assert groups.group_of(Host("a", cores=1)) is first
    assert groups.group_of(Host("c", mbit_per_second=10)) is None


def test_groups_of_earlier_processes_are_looked_for_all_the_way_up(tmp_path: Path) -> None:
    proc = tree(tmp_path, "user/shell", {"": _BOTH, "user": _BOTH, "user/shell": ""})
    above = [tmp_path / "cgroup" / each for each in ("user/shell", "user", "")]
    assert list(parents(proc)) == above

"""The run's own control groups: the kubelet removes what it does not know below its root, another run's pods too."""

from pathlib import Path

from tests.cluster.node.processes import wait_until


def _hierarchies(*kinds: str) -> list[Path]:
    """Roots of the trees in which control groups can be made."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [Path(target) for _, target, kind, *_ in mounts if kind in kinds]


def create(name: str) -> None:
    """Make the group in every controller's tree (version 1), or in the one tree (version 2)."""
    for hierarchy in _hierarchies("cgroup") or _hierarchies("cgroup2"):
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        # A version 1 cpuset starts empty, and no process can enter an empty one.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (group / setting).exists() and hierarchy.name == "cpuset":
                (group / setting).write_text((hierarchy / setting).read_text())


def remove(name: str) -> None:
    """Remove the group and all below it. Its processes have been killed, but the kernel may still be at it."""
    groups = [hierarchy / name for hierarchy in _hierarchies("cgroup", "cgroup2")]  # runc makes one in both kinds
    wait_until(lambda: all(map(_removed, groups)), f"end of the processes in the control groups {name}", seconds=20)


def _removed(group: Path) -> bool:
    below = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
    try:
        for path in (*below, group):
            if path.exists():
                path.rmdir()
    except OSError:
        return False
    return True

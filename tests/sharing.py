"""How several processes share the tests: folder by folder, so that what a folder's tests share is made once."""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

CONTROL_PLANE = "tests/cluster, without a node"
SECOND_NODE = "tests/cluster, on a second node"
APART = {
    **dict.fromkeys(
        (
            "tests/cluster/test_chart.py",
            "tests/cluster/test_doctor_in_vain.py",
            "tests/cluster/test_plain_install.py",
            "tests/cluster/test_resource.py",
        ),
        CONTROL_PLANE,
    ),
    **dict.fromkeys(
        (
            "tests/cluster/test_chart_in_a_namespace.py",  # before our operator is there, which it sends away
            "tests/cluster/test_archives.py",
            "tests/cluster/test_object_storage.py",
            "tests/cluster/test_autoscaling.py",
            "tests/cluster/test_rollout.py",
            "tests/cluster/test_node.py",  # last: with a group's last tests another group is dealt out, and waits
        ),
        SECOND_NODE,
    ),
}
"""Files that share nothing with the others of their folder, in their order: another process need not wait for those.

To start a second node, and our operator on it, takes much less than they do, while both processes mostly wait.
"""
LONGEST = (
    "tests/cluster",
    SECOND_NODE,
    "tests/predictor/preparation",
    "tests/predictor/preparation/forms",
    "tests/predictor/server",
    "tests/cli",
    "tests/examples",
    "tests/operator/faults",
    CONTROL_PLANE,
    "tests/predictor/torchserve/ancestor",
    "tests/predictor/torchserve/ts/torch_handler",
    "tests/packaging",
)
"""Groups whose tests take long: begun first, so that none is left over when the others have ended.

One test is enough: at the end two processes would wait for the third's compiler, which takes half a minute.
"""


class ByGroup(LoadScopeScheduling):
    """All tests of a group run in one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """What a test belongs to: its folder, unless its file is kept apart."""
    file = _file_of(nodeid)
    return APART.get(file, str(PurePosixPath(file).parent))


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def put_first(items: list[pytest.Item]) -> None:
    """Begin with the groups that take longest; the others follow in the order in which they were found.

    The files of a group are in that order too, unless they are kept apart.
    """
    rank = {group: place for place, group in enumerate(LONGEST)}
    apart = {file: place for place, file in enumerate(APART)}

    def place(item: pytest.Item) -> tuple[int, int]:
        return rank.get(group_of(item.nodeid), len(rank)), apart.get(_file_of(item.nodeid), 0)

    items.sort(key=place)

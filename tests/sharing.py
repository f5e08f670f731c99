"""How several processes share the tests: folder by folder, so that what a folder's tests share is made once."""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

CONTROL_PLANE = "tests/cluster, without a node"
BARE_NODE = "tests/cluster, without our operator"
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
    **dict.fromkeys(("tests/cluster/test_chart_in_a_namespace.py", "tests/cluster/test_node.py"), BARE_NODE),
}
"""Files that share nothing with the others of their folder: another process need not wait for those.

To start a second node for some takes less than they do, while the first node's process is the last to end.
"""
LONGEST = (
    "tests/cluster",
    "tests/predictor/preparation",
    "tests/predictor/preparation/forms",
    "tests/predictor/server",
    "tests/cli",
    "tests/examples",
    "tests/operator/faults",
    BARE_NODE,
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
    file = nodeid.partition("::")[0]
    return APART.get(file, str(PurePosixPath(file).parent))


def put_first(items: list[pytest.Item]) -> None:
    """Begin with the groups that take longest; the others follow in the order in which they were found."""
    rank = {group: place for place, group in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(group_of(item.nodeid), len(rank)))

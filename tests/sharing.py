"""How several processes share the tests: folder by folder, so that what a folder's tests share is made once."""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/cluster",
    "tests/predictor/preparation",
    "tests/predictor/preparation/forms",
    "tests/predictor/server",
    "tests/cli",
    "tests/examples",
)
"""Folders whose tests take minutes: begun first, so that none is left over when the others have ended."""


class ByFolder(LoadScopeScheduling):
    """All tests of a folder run in one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return folder_of(nodeid)


def folder_of(nodeid: str) -> str:
    """Folder of a test."""
    return str(PurePosixPath(nodeid.partition("::")[0]).parent)


def put_first(items: list[pytest.Item]) -> None:
    """Begin with the folders that take longest; the others follow in the order in which they were found."""
    rank = {folder: place for place, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(folder_of(item.nodeid), len(rank)))

"""The ancestor's handler with each kind of archive, loaded once."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.predictor.torchserve.ancestor.archives import AncestorArchive, make_archive
from tests.predictor.torchserve.ancestor.asking import Asked


@pytest.fixture(scope="session")
def archive_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], AncestorArchive]:
    """Archives by mode and save mode. Shared: never change their files."""

    @cache
    def made(mode: str, save_mode: str = "pretrained") -> AncestorArchive:
        return make_archive(tmp_path_factory.mktemp("archive") / "model", mode, save_mode)

    return made


@pytest.fixture(scope="session")
def ancestor(archive_of: Callable[[str, str], AncestorArchive]) -> Callable[[str, str], Asked]:
    """Handlers by mode and save mode. Shared: put nothing into them."""

    @cache
    def loaded(mode: str, save_mode: str = "pretrained") -> Asked:
        return Asked(archive_of(mode, save_mode))

    return loaded

"""What is made of a registration besides what the API answers."""

from pathlib import Path

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.protocols.errors import UnusableArchive
from transformermodel_predictor.server.handlers.archives import Archives
from transformermodel_predictor.server.management.parameters import Registration
from transformermodel_predictor.server.management.registrar import Registrar
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.handler_options import HandlerOptions


class Opening(Archives):
    """Notes how an archive is to be opened, and goes no further."""

    def __init__(self) -> None:
        self.options: list[HandlerOptions] = []

    async def open(self, path: Path, name: str | None, options: HandlerOptions) -> ArchivedModel:
        self.options.append(options)
        raise UserError("far enough")


@pytest.mark.parametrize("installs", [False, True])
async def test_requirements_of_a_registered_archive_are_installed_where_the_server_installs_any(
    tmp_path: Path, installs: bool
) -> None:
    (tmp_path / "a.mar").touch()
    archives = Opening()
    registrar = Registrar(Models(), archives, tmp_path, installs)
    with pytest.raises(UnusableArchive, match="far enough"):
        await registrar.open(Registration(url="a.mar"))
    assert [options.defaults.use_requirements for options in archives.options] == [installs]

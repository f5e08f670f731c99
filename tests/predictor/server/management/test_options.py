from pathlib import Path

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.token import MANAGEMENT_VARIABLE, Token


def test_there_is_no_management_unless_a_port_is_named() -> None:
    assert ManagementOptions.read(None, None, None, {MANAGEMENT_VARIABLE: "secret"}) is None
    with pytest.raises(UserError, match="--management-port"):
        ManagementOptions.read(None, None, Path(), {})


def test_it_wants_a_token_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"--management-token-file.*{MANAGEMENT_VARIABLE}"):
        ManagementOptions.read(0, None, None, {"TRANSFORMERMODEL_TOKEN": "of clients"})
    (tmp_path / "token").write_text("secret\n")
    for options in (
        ManagementOptions.read(0, tmp_path / "token", tmp_path, {}),
        ManagementOptions.read(0, None, tmp_path, {MANAGEMENT_VARIABLE: "secret"}),
    ):
        assert options is not None
        assert options.token.in_header("Bearer secret")
        options.require_usable()


def test_a_store_must_be_a_folder(tmp_path: Path) -> None:
    options = ManagementOptions(0, Token("secret"), tmp_path / "nowhere")
    with pytest.raises(UserError, match="--model-store"):
        options.require_usable()

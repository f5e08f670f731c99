"""Archives of the ancestor's handler that lack files of their model, as its documented command makes them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hub.repositories import Access
from tests.hub.server import HubServer, serving
from tests.predictor.torchserve.reading.archives import packed
from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.torchserve.archive import ArchiveFormat
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.reading.served import open_served

ANCESTOR = "Transformer_handler_generalized.py"
DERIVED = b"from Transformer_handler_generalized import TransformersSeqClassifierHandler as Own\n"
REPOSITORY = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"not needed"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(tmp_path / "hub") as server:
        server.repositories.publish("org/tiny", REPOSITORY)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def archive(folder: Path, files: dict[str, bytes] | None = None, handler: str = ANCESTOR, **settings: str) -> Path:
    """An archive of weights and settings."""
    said = {"mode": "sequence_classification", "save_mode": "pretrained", "model_name": "org/tiny", **settings}
    members = {"model-config.yaml": yaml.safe_dump({"handler": said}).encode(), "weights.bin": b"w", **(files or {})}
    return packed(folder, members, ArchiveFormat.no_archive, handler=handler, config_file="model-config.yaml")


def opened(path: Path, tmp_path: Path, run: str = "run") -> ArchivedModel:
    return open_served(path, "m", folder=tmp_path / run, cache=tmp_path / "cache")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_what_is_missing_is_fetched_into_a_copy(tmp_path: Path, hub: HubServer) -> None:
    path = archive(tmp_path)
    before = names(path)
    assert names(opened(path, tmp_path).directory) == before | {"config.json", "tokenizer.json"}
    assert names(path) == before
    assert not any("safetensors" in request.path for request in hub.requests)


def test_another_start_has_the_same_files_though_the_repository_went_on(tmp_path: Path, hub: HubServer) -> None:
    path = archive(tmp_path)
    opened(path, tmp_path)
    hub.repositories.publish("org/tiny", {**REPOSITORY, "tokenizer.json": b'{"newer": true}'})
    asked = len(hub.requests)
    again = opened(path, tmp_path, "again")
    assert (again.directory / "tokenizer.json").read_bytes() == b"{}"
    assert len(hub.requests) == asked


def test_the_server_s_token_counts_which_handlers_do_not_see(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repositories.restrict("org/tiny", Access(gated=True, tokens=("hf_member",)))
    with pytest.raises(PreparationFailed, match="org/tiny is gated"):
        opened(archive(tmp_path), tmp_path)
    monkeypatch.setenv("HF_TOKEN", "hf_member")
    assert "tokenizer.json" in names(opened(archive(tmp_path), tmp_path, "again").directory)


@pytest.mark.parametrize(
    ("files", "settings", "taken"),
    [
        ({"vocab.txt": b"own"}, {}, {"config.json"}),
        ({"config.json": b"own"}, {}, {"tokenizer.json"}),
        ({"vocab.txt": b"own"}, {"save_mode": "torchscript"}, set()),
        ({ANCESTOR: b"the ancestor itself, which looks for itself"}, {}, set()),
    ],
)
def test_what_the_archive_has_goes_before(
    tmp_path: Path, hub: HubServer, files: dict[str, bytes], settings: dict[str, str], taken: set[str]
) -> None:
    path = archive(tmp_path, files, **settings)
    served = opened(path, tmp_path)
    assert names(served.directory) - names(path) == taken
    assert (served.directory == path.resolve()) == (not taken)


def test_a_derived_handler_has_them_too_and_may_do_without(
    tmp_path: Path, hub: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    own: Any = {"files": {"handler.py": DERIVED}, "handler": "handler.py"}
    assert "tokenizer.json" in names(opened(archive(tmp_path, **own), tmp_path).directory)
    elsewhere = archive(tmp_path / "2", **own, model_name="org/nowhere")
    assert "tokenizer.json" not in names(opened(elsewhere, tmp_path, "second run").directory)
    assert "org/nowhere" in caplog.text


def test_what_cannot_be_had_is_said_before_a_worker_starts(tmp_path: Path, hub: HubServer) -> None:
    with pytest.raises(PreparationFailed, match=r"the archive 'm' has no tokenizer files, and those .* cannot be had"):
        opened(archive(tmp_path, model_name="org/nowhere"), tmp_path)


def test_a_handler_may_write_although_its_archive_lies_where_nobody_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(tmp_path, form=ArchiveFormat.no_archive)
    assert opened(path, tmp_path).directory == path.resolve()
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != path.resolve())
    assert opened(path, tmp_path).directory == tmp_path / "run"

"""What we pack, in the real TorchServe."""

import os
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.tiny import LABELS
from tests.torchserve.install import unavailable
from tests.torchserve.server import TorchServe, serving
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.torchserve.archive import ArchiveFormat, write_archive
from transformermodel_predictor.torchserve.packing import ArchiveOptions, pack_artifact, pack_handler

TODAY = date(2025, 1, 31)
HANDLER = """\
from pathlib import Path

import words


def shout(rows, context):
    if rows is None:
        return None
    folder = Path(context.system_properties["model_dir"])
    ending = (folder / context.manifest["model"]["serializedFile"]).read_text()
    bodies = [row.get("data") or row.get("body") for row in rows]
    texts = [body if isinstance(body, str) else body.decode() for body in bodies]
    return [words.loud(text) + ending + context.model_yaml_config["mark"] for text in texts]
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def torchserve(tiny_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    if reason := unavailable():
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    files, store = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("store")
    contents = {
        "handler.py": HANDLER,
        "words.py": "def loud(text): return text.upper()\n",
        "ending.txt": "!",
        "model-config.yaml": "mark: '?'\n",
    }
    for name, text in contents.items():
        (files / name).write_text(text)
    shouting = ArchiveOptions(
        "shout",
        handler=f"{files}/handler.py:shout",
        serialized_file=files / "ending.txt",
        extra_files=(files / "words.py",),
        config_file=files / "model-config.yaml",
    )
    archives = [
        write_archive(pack_artifact(tiny_artifact, ArchiveOptions("tiny"), TODAY), store, ArchiveFormat.default),
        write_archive(pack_handler(shouting, TODAY), store, ArchiveFormat.zip_store),
    ]
    with serving(archives, tmp_path_factory.mktemp("logs")) as server:
        yield server


@pytest.mark.parametrize("text", ["i love this movie", "it was bad"])
def test_a_packed_artifact_answers_as_our_own_server(
    torchserve: TorchServe, tiny_model: LoadedModel, text: str
) -> None:
    answer = torchserve.predict("tiny", text)
    assert answer.status_code == 200, answer.text
    assert answer.text == tiny_model.answer([{"text": text}])[0]["label"]


def test_a_packed_artifact_says_why_where_it_is_asked(torchserve: TorchServe) -> None:
    def explained(body: object) -> httpx.Response:
        return httpx.post(f"{torchserve.url}/explanations/tiny", json=body, timeout=PATIENCE_SECONDS, trust_env=False)

    answer = explained({"text": "i love this movie", "target": LABELS[0]})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["words"] == ["i", "love", "this", "movie"]
    assert any(told["importances"])
    assert abs(told["delta"]) < 1
    refused = explained({"text": "i love this movie", "target": "nobody"})
    assert (refused.status_code, "possible are the classes" in refused.text) == (400, True)


def test_a_row_that_cannot_be_read_is_told_so(torchserve: TorchServe) -> None:
    answer = torchserve.predict("tiny", b"\xff\xfe", "application/octet-stream")
    assert answer.status_code == 400
    assert "the body must be UTF-8" in answer.text


def test_a_packed_handler_finds_its_function_its_files_and_its_configuration(torchserve: TorchServe) -> None:
    assert torchserve.predict("shout", "hello").text == "HELLO!?"

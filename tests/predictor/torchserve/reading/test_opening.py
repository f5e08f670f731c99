"""Archives in all their forms, opened."""

import json
import logging
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.predictor.torchserve.reading.archives import HANDLER, packed, zipped
from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.torchserve.archive import ArchiveFormat, Runtime
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.reading.opening import open_archive
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


def opened(path: Path, name: str | None = None, settings: WorkerSettings | None = None) -> ArchivedModel:
    return open_archive(path, name, folder=path.parent / "unpacked", settings=settings)


def refusal(path: Path, name: str | None = None) -> str:
    with pytest.raises(PreparationFailed) as caught:
        opened(path, name)
    assert caught.value.reason is FailureReason.UnsupportedSource
    return caught.value.message


@pytest.mark.parametrize("form", list(ArchiveFormat))
def test_every_form_that_archivers_write_is_opened(tmp_path: Path, form: ArchiveFormat) -> None:
    path = packed(
        tmp_path,
        {"weights.pt": b"w", "model-config.yaml": b"batchSize: 4\nhandler: {top: 3}\n", "deep/vocab.txt": b"v"},
        form,
        version="2.3",
        handler="handler:handle",
        serialized_file="weights.pt",
        config_file="model-config.yaml",
        runtime=Runtime.python3,
    )

    model = opened(path)

    assert model.name == "echo"
    assert (model.manifest.model_version, model.manifest.handler) == ("2.3", "handler:handle")
    assert model.manifest.serialized_file == "weights.pt"
    assert model.manifest.document["model"]["modelName"] == "echo"
    assert (model.directory / "handler.py").read_bytes() == HANDLER
    assert (model.directory / "deep" / "vocab.txt").read_bytes() == b"v"
    assert model.settings.batch_size == 4
    assert model.configuration == {"batchSize": 4, "handler": {"top": 3}}


def test_a_folder_is_used_where_it_is(tmp_path: Path) -> None:
    path = packed(tmp_path, form=ArchiveFormat.no_archive)

    assert opened(path).directory == path
    assert not (tmp_path / "unpacked").exists()


def test_one_folder_around_everything_is_looked_into(tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    inner = packed(outer / "model", form=ArchiveFormat.no_archive)

    assert opened(outer).directory == inner


def test_the_name_is_the_one_given_then_the_manifest_s_then_the_file_s(tmp_path: Path) -> None:
    path = packed(tmp_path).rename(tmp_path / "other.mar")

    assert open_archive(path, "given", folder=tmp_path / "1").name == "given"
    assert open_archive(path, folder=tmp_path / "2").name == "echo"

    nameless = zipped(tmp_path / "file.v2.MAR", {"handler.py": HANDLER}, {"model": {"handler": "handler.py"}})
    assert open_archive(nameless, folder=tmp_path / "3").name == "file.v2"


class TestManifests:
    def test_keys_of_old_archivers_are_understood(self, tmp_path: Path) -> None:
        manifest = {
            "createdOn": "01/01/2020 00:00:00",
            "runtime": "python",
            "implementationVersion": "1.0",
            "specificationVersion": "1.0",
            "modelServerVersion": "1.0",
            "model": {
                "modelName": "old",
                "version": 2.0,
                "description": "of old",
                "handler": "handler:handle",
                "envelope": "json",
                "sourceVocab": "vocab.pt",
            },
        }
        model = opened(zipped(tmp_path / "x.mar", {"handler.py": HANDLER}, manifest))

        assert (model.name, model.manifest.model_version, model.manifest.envelope) == ("old", "2.0", "json")
        assert model.settings.envelope == "json"
        assert model.manifest.document == manifest

    def test_without_a_manifest_the_handler_is_the_one_that_it_can_be(self, tmp_path: Path) -> None:
        by_name = zipped(tmp_path / "a.mar", {"handler.py": HANDLER, "net.py": b"", "weights.pt": b"w"})
        only_one = zipped(tmp_path / "b.zip", {"serve_it.py": HANDLER, "requirements.txt": b"x"})

        first = open_archive(by_name, folder=tmp_path / "1").manifest
        second = open_archive(only_one, folder=tmp_path / "2").manifest

        assert (first.model_name, first.model_version, first.handler) == ("a", "1.0", "handler.py")
        assert first.serialized_file == "weights.pt"
        assert first.document["model"]["serializedFile"] == "weights.pt"
        assert (second.handler, second.requirements_file) == ("serve_it.py", "requirements.txt")

    def test_without_a_manifest_and_a_handler_nothing_is_guessed(self, tmp_path: Path) -> None:
        two = zipped(tmp_path / "two.mar", {"a.py": HANDLER, "b.py": HANDLER})
        assert "has no MAR-INF/MANIFEST.json and 2 Python files, none of them handler.py" in refusal(two)

        none = zipped(tmp_path / "none.mar", {"weights.pt": b"w"})
        assert "has no MAR-INF/MANIFEST.json and no Python file" in refusal(none)

    @pytest.mark.parametrize(
        ("manifest", "said"),
        [
            ("{", "that is not JSON"),
            ("[]", "that describes no model"),
            ({"model": {"modelName": "x"}}, "names no handler in MAR-INF/MANIFEST.json"),
            ({"model": {"handler": ["a"]}}, "has a handler in MAR-INF/MANIFEST.json that is not text (['a'])"),
            ({"model": {"handler": "handler", "modelVersion": "1/2"}}, "has the version '1/2'"),
            ({"model": {"handler": "handler", "serializedFile": "../w"}}, "that leaves the archive ('../w')"),
            (
                {"model": {"handler": "../handler.py"}},
                "'../handler.py' in MAR-INF/MANIFEST.json, which leaves the archive",
            ),
            ({"runtime": "LSP", "model": {"handler": "handler"}}, "wants the runtime 'LSP'"),
            ({"runtime": "python2", "model": {"handler": "handler"}}, "wants the runtime 'python2'"),
        ],
    )
    def test_what_is_wrong_with_a_manifest_is_said(self, tmp_path: Path, manifest: Any, said: str) -> None:
        assert said in refusal(zipped(tmp_path / "x.mar", {"handler.py": HANDLER}, manifest))


class TestHandlers:
    @pytest.mark.parametrize(
        "handler",
        [
            "handler",
            "handler.py",
            "handler:handle",
            "handler.py:handle",
            "handler:Handler",
            "base_handler",
            "vllm_handler",
        ],
    )
    def test_a_file_of_the_archive_or_a_default_handler_is_there(self, tmp_path: Path, handler: str) -> None:
        assert opened(packed(tmp_path, handler=handler)).manifest.handler == handler

    def test_one_in_a_folder_of_the_archive_is_there(self, tmp_path: Path) -> None:
        path = packed(tmp_path, {"src/serve.py": HANDLER}, handler="src/serve.py")
        assert opened(path).manifest.handler == "src/serve.py"

    def test_one_that_is_missing_is_named_with_what_is_there(self, tmp_path: Path) -> None:
        assert (
            "names the handler 'other:handle' in MAR-INF/MANIFEST.json, but has no other.py "
            "(Python files there: handler.py)"
        ) in refusal(packed(tmp_path, handler="other:handle"))


class TestConfiguration:
    def test_a_model_config_that_is_only_an_extra_file_counts_too(self, tmp_path: Path) -> None:
        model = opened(packed(tmp_path, {"model-config.yaml": b"maxBatchDelay: 7\n"}))
        assert (model.manifest.config_file, model.settings.max_batch_delay) == (None, 7)

    def test_the_archive_goes_before_what_is_set_for_all_models(self, tmp_path: Path) -> None:
        path = packed(tmp_path, {"c.yaml": b"batchSize: 3\n"}, config_file="c.yaml")

        settings = opened(path, settings=WorkerSettings(batch_size=9, queue_size=5, envelope="body")).settings

        assert (settings.batch_size, settings.queue_size, settings.envelope) == (3, 5, "body")

    def test_an_empty_one_says_nothing(self, tmp_path: Path) -> None:
        assert opened(packed(tmp_path, {"c.yaml": b"# nothing\n"}, config_file="c.yaml")).configuration == {}

    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"a: [", "has a c.yaml that is not YAML"), (b"- a\n", "has a c.yaml that is not an object of keys")],
    )
    def test_one_that_cannot_be_read_is_refused(self, tmp_path: Path, content: bytes, said: str) -> None:
        assert said in refusal(packed(tmp_path, {"c.yaml": content}, config_file="c.yaml"))

    def test_one_that_is_missing_is_named(self, tmp_path: Path) -> None:
        assert "has no c.yaml, which its manifest names" in refusal(packed(tmp_path, config_file="c.yaml"))

    def test_a_value_of_the_wrong_type_is_told_and_counts_as_not_given(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING):
            model = opened(packed(tmp_path, {"c.yaml": b"batchSize: many\n"}, config_file="c.yaml"))

        assert model.settings.batch_size == 1
        assert "batchSize is 'many' instead of a whole number from 1 and counts as not given" in caplog.text


class TestUnusableFiles:
    def test_a_broken_archive_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "x.mar"
        path.write_bytes(packed(tmp_path / "whole").read_bytes()[:100])
        assert "is no archive that can be read" in refusal(path)

    def test_an_archive_that_leaves_its_folder_is_refused_and_nothing_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "x.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            info = tarfile.TarInfo("../evil.py")
            info.size = 1
            archive.addfile(info, BytesIO(b"x"))

        with pytest.raises(PreparationFailed) as caught:
            opened(path)

        assert caught.value.reason is FailureReason.UnsafeArchive
        assert not (tmp_path / "unpacked").exists()

    def test_an_empty_archive_is_refused(self, tmp_path: Path) -> None:
        assert "is empty" in refusal(zipped(tmp_path / "x.mar", {}))

    def test_a_file_that_is_none_or_not_there_is_the_user_s_mistake(self, tmp_path: Path) -> None:
        (tmp_path / "x.txt").write_text("x")
        with pytest.raises(UserError, match=r"is no archive: its name must end with \.mar"):
            opened(tmp_path / "x.txt")
        with pytest.raises(UserError, match="is not there"):
            opened(tmp_path / "y.mar")

    @pytest.mark.parametrize("name", ["-x", "a/b", "a b", "ü", "..", ""])
    def test_a_name_that_cannot_be_in_a_url_is_refused(self, tmp_path: Path, name: str) -> None:
        path = zipped(
            tmp_path / "x.mar", {"handler.py": HANDLER}, json.dumps({"model": {"handler": "handler", "modelName": "x"}})
        )
        if name:
            with pytest.raises(UserError, match=r"must be letters, digits, '_', '\.' and '-'"):
                opened(path, name)
        else:
            assert opened(path, name).name == "x"

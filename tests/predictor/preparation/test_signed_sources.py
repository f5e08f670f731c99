"""Sources whose uris hold a password or a signature, which may appear nowhere: in no output, and in no file."""

import json
import shutil
from collections.abc import Iterator

import pytest
import yaml
from typer.testing import CliRunner

from tests.predictor.preparation.adapters import train
from tests.predictor.preparation.conftest import Kitchen, request_for
from tests.predictor.sources.web import WebServer, serving_files
from transformermodel_api.contract import REQUEST_VARIABLE
from transformermodel_api.failures import FailureReason
from transformermodel_cli.main import app
from transformermodel_predictor.preparation.job import run_job

PASSWORD, SIGNATURE = "a-password-of-somebody", "a-signature-of-somebody"


@pytest.fixture
def web(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A web server with a checkpoint, an adapter, samples, and an archive of something else."""
    folder = kitchen.base / "web"
    folder.mkdir()
    train(kitchen.model, kitchen.adapter)
    for packed in (kitchen.model, kitchen.adapter):
        shutil.make_archive(str(folder / packed.name), "zip", packed)
    (folder / "samples.jsonl").write_text('{"text": "i love this movie"}\n')
    (kitchen.base / "other").mkdir()
    shutil.make_archive(str(folder / "other"), "zip", kitchen.base / "other")
    with serving_files(folder, kitchen.base / "tls") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


def signed(web: WebServer, path: str) -> str:
    place = web.url.removeprefix("https://")
    return f"https://user:{PASSWORD}@{place}/{path}?X-Amz-Signature={SIGNATURE}&sig={SIGNATURE}"


def assert_secret(*texts: str) -> None:
    for text in texts:
        assert PASSWORD not in text
        assert SIGNATURE not in text


def test_a_whole_preparation_keeps_them(
    kitchen: Kitchen, web: WebServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    parity = {"samplesUri": signed(web, "samples.jsonl")}
    request = request_for(signed(web, "model.zip"), signed(web, "adapter.zip"), preparation={"parity": parity})
    message = kitchen.base / "termination-log"
    assert run_job({REQUEST_VARIABLE: request.canonical()}, kitchen.location, message) == 0
    printed = capfd.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert lines[0]["detail"] == f"{web.url}/model.zip"
    assert {"detail": f"{web.url}/model.zip + {web.url}/adapter.zip"}.items() <= lines[1].items()
    assert_secret(printed.out, printed.err, caplog.text, message.read_text())

    kept = [path for path in kitchen.store.rglob("*") if path.is_file()]
    assert {"manifest.json", "report.json"} <= {path.name for path in kept}
    for path in kept:
        assert_secret(str(path), path.read_bytes().decode("latin-1"))


@pytest.mark.parametrize(
    ("path", "adapter", "reason"),
    [
        ("model.zip", None, None),
        ("no.zip", None, FailureReason.NotFound),
        ("status/403.zip", None, FailureReason.Unauthorized),
        ("other.zip", None, FailureReason.UnsupportedSource),
        ("model.zip", "no.zip", FailureReason.NotFound),
        ("model.zip", "model.zip", FailureReason.UnsupportedSource),
    ],
)
def test_no_command_tells_them_whatever_becomes_of_it(
    kitchen: Kitchen, web: WebServer, path: str, adapter: str | None, reason: FailureReason | None
) -> None:
    document = {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": "tiny"},
        "spec": request_for(signed(web, path), adapter and signed(web, adapter)).document(),
    }
    file = kitchen.base / "model.yaml"
    file.write_text(yaml.safe_dump(document))
    store = ["--store", str(kitchen.store)]
    for command in (["prepare", "--dry-run"], ["doctor"], *([["prepare"]] if reason else [])):
        for output in ("text", "json"):
            ended = CliRunner().invoke(app, [*command, str(file), *store, "--output", output])
            assert_secret(ended.output, str(ended.exception))
    if reason is not None:
        assert isinstance(ended.exception, Exception)
        assert str(ended.exception).startswith(f"{reason.name}: {web.url}/")

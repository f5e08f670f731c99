"""`prepare`, `serve` and `collect` with a store in object storage."""

import json
import os
from pathlib import Path

import pytest
import yaml

from tests.cli import forked
from tests.cli.test_serve import Server
from tests.object_stores.install import not_installed
from tests.object_stores.servers import serving
from tests.predictor.preparation.conftest import FAITHFUL
from tests.predictor.tiny import save_tiny_checkpoint
from transformermodel_predictor.objects.location import Scheme

MANIFEST = {
    "apiVersion": "transformermodel.dev/v1alpha1",
    "kind": "TransformerModel",
    "metadata": {"name": "tiny"},
    "spec": {"task": "SequenceClassification", "source": {"uri": "file://model"}, "preparation": FAITHFUL},
}

pytestmark = pytest.mark.slow


def run(*arguments: str) -> str:
    done = forked.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_a_model_is_prepared_into_a_bucket_served_from_it_and_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := not_installed(Scheme.S3):
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    save_tiny_checkpoint(tmp_path / "model")
    manifest = tmp_path / "model.yaml"
    manifest.write_text(yaml.safe_dump(MANIFEST))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "one"))
    with serving(Scheme.S3, tmp_path / "s3") as storage:
        for name, value in storage.environment.items():
            monkeypatch.setenv(name, value)
        store = f"{storage.bucket()}/models"
        prepared = json.loads(run("prepare", str(manifest), "--store", store, "--output", "json"))

        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "two"))  # another machine
        uri = f"{store}/artifacts/{prepared['digest']}"
        named = ("--model-name", "tiny", "--model-uri", uri)
        server = Server(tmp_path / "unused", *named, start=forked.Forked)
        assert "/v2/models/tiny/infer" in server.until("curl")
        server.process.kill()
        server.process.communicate()

        assert prepared["digest"] in run("collect", "--store", store, "--grace-days", "0", "--dry-run")
        assert prepared["digest"] in run("collect", "--store", store, "--grace-days", "0")
        assert run("collect", "--store", store, "--grace-days", "0").startswith("0 bytes")

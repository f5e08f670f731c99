"""`transformermodel serve` with archives: naming a local archive is consent to its code."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tests.cli.test_serve import PROGRAM, Server
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.torchserve.reading.archives import packed
from tests.predictor.torchserve.reading.endless import never_built, runs
from tests.predictor.torchserve.reading.wheels import wheel
from tests.predictor.torchserve.until import until
from transformermodel_api.errors import UserError
from transformermodel_cli.main import app
from transformermodel_predictor.server.address import listen
from transformermodel_predictor.torchserve.archive import ArchiveFormat

pytestmark = pytest.mark.slow

SHOUTS = b"def handle(data, context):\n    return [row['body'].upper() for row in data or []]\n"
SAYS_NAME = b"def handle(data, context):\n    return [context.model_name for _ in data or []]\n"
REQUIRES = b"import volume\n\ndef handle(data, context):\n    return [volume.VERSION for _ in data or []]\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives in several forms, a store of TorchServe's, and a manifest."""
    folder = tmp_path_factory.mktemp("archives")
    packed(folder, {"handler.py": SHOUTS}, name="shout")
    packed(folder, {"handler.py": SAYS_NAME}, ArchiveFormat.tgz, name="named")
    packed(folder, {"handler.py": SAYS_NAME}, ArchiveFormat.no_archive, name="folder")
    packed(folder / "fetched", {"handler.py": SAYS_NAME}, name="by-kserve")
    requirements = {"handler.py": REQUIRES, "requirements.txt": b"volume\n"}
    packed(folder, requirements, name="loud", requirements_file="requirements.txt")
    wheel(folder / "wheels", "volume")
    for version in ("1.0", "2.0"):
        handler = f"def handle(data, context):\n    return ['{version}' for _ in data or []]\n".encode()
        packed(folder / "store" / "model-store", {"handler.py": handler}, name=f"m{version}", version=version)
    snapshot = {
        "models": {
            "stored": {
                "1.0": {"marName": "m1.0.mar", "defaultVersion": True, "minWorkers": 1, "maxWorkers": 1},
                "2.0": {"marName": "m2.0.mar", "defaultVersion": False, "batchSize": 3},
            }
        }
    }
    (folder / "store" / "config").mkdir()
    (folder / "store" / "config" / "config.properties").write_text(f"model_snapshot={json.dumps(snapshot)}\n")
    (folder / "model.yaml").write_text(MANIFEST)
    return folder


MANIFEST = """\
apiVersion: transformermodel.dev/v1alpha1
kind: TransformerModel
metadata: {name: custom}
spec:
  task: Custom
  source: {uri: "file://shout.mar", trustRemoteCode: Allowed}
  predictor: {workers: {min: 1, max: 1}, batching: {maxBatchSize: 2}}
  tests:
    - {input: {text: quiet}, expect: {label: QUIET}}
"""


@pytest.fixture(scope="module")
def server(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(place / "wheels"))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        running = Server(
            tmp_path_factory.mktemp("artifacts"),
            *(str(place / name) for name in ("shout.mar", "folder", "loud.mar", "store", "fetched", "model.yaml")),
            f"other={place / 'named.tar.gz'}",
            "--install-requirements",
        )
        running.until("curl")
        yield running
        running.stop(signal.SIGTERM)


def answer(server: Server, path: str, text: str = "hello") -> str:
    response = httpx.post(f"{server.url}{path}", content=text, headers={"Content-Type": "text/plain"}, timeout=60)
    assert response.status_code == 200, response.text
    return response.text


def test_each_archive_answers_under_its_name_or_the_given_one(server: Server) -> None:
    assert answer(server, "/predictions/shout") == "HELLO"
    assert answer(server, "/predictions/folder") == "folder"
    assert answer(server, "/predictions/by-kserve") == "by-kserve"
    assert answer(server, "/predictions/other") == "other"
    assert httpx.post(f"{server.url}/predictions/named", content="?", timeout=PATIENCE_SECONDS).status_code == 404


def test_requirements_are_installed_where_the_flag_says_so(server: Server) -> None:
    assert answer(server, "/predictions/loud") == "1.0"


def test_a_store_serves_what_its_configuration_names_with_its_versions(server: Server) -> None:
    assert answer(server, "/predictions/stored") == "1.0"
    assert answer(server, "/predictions/stored/2.0") == "2.0"


def test_a_manifest_of_the_task_custom_is_prepared_and_served(server: Server) -> None:
    assert answer(server, "/predictions/custom") == "HELLO"
    assert "Archive, engine Handler" in server.said
    metadata = httpx.get(f"{server.url}/v2/models/custom", timeout=PATIENCE_SECONDS).json()
    assert metadata["parameters"]["batch_size"] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_its_own_process_has_no_pytorch(server: Server) -> None:
    """Neither to prepare the manifest, nor for a handler: both have processes of their own."""
    assert answer(server, "/predictions/shout") == "HELLO"
    assert "libtorch" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_the_printed_line_asks_the_archive(server: Server) -> None:
    line = next(line for line in server.said.splitlines() if line.strip().startswith("curl"))
    assert f"{server.url}/predictions/shout -H 'Content-Type: text/plain' -d" in line


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_while_it_prepares_its_port_is_its_own_and_with_it_all_ends_that_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    package = never_built(tmp_path / "slow")
    requirements = {"requirements.txt": f"{package}\n".encode()}
    packed(tmp_path, requirements, name="shout", requirements_file="requirements.txt")
    manifest = tmp_path / "model.yaml"
    manifest.write_text(
        MANIFEST.replace("trustRemoteCode: Allowed", "trustRemoteCode: Allowed, requirements: Installed")
    )
    preparing = Server(tmp_path / "artifacts", str(manifest))
    try:
        await until((package / "begun").is_file)
        with pytest.raises(UserError, match=f"port {preparing.port} on 127.0.0.1 is in use"):
            listen("127.0.0.1", preparing.port)
    finally:
        assert preparing.stop(signal.SIGTERM) == 143, preparing.said
    builder = (package / "begun").read_text()
    await until(lambda: not runs(builder))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "missing.mar"), "missing.mar is not there"),
        (("serve", "named=missing.mar"), "missing.mar is not there"),
        (("validate", "missing.mar"), "missing.mar is not there"),
        (("prepare", "shout.mar"), "shout needs no preparation: serve it"),
        (("explain", "shout.mar", "--text", "a"), "shout is explained by its own handler"),
        (("serve", "shout.mar", "shout=named.tar.gz"), "two models are named shout"),
        (("serve", "shout.mar", "--min-workers", "2", "--max-workers", "1"), "--max-workers 1 is less than"),
    ],
)
def test_mistakes_are_one_clear_line(place: Path, arguments: tuple[str, ...], said: str) -> None:
    shown = subprocess.run([PROGRAM, *arguments], cwd=place, capture_output=True, text=True, check=False)

    assert shown.returncode == 2, shown.stderr
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr


def test_validate_doctor_and_a_dry_run_know_archives(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)

    def run(*arguments: str) -> str:
        return CliRunner().invoke(app, arguments).output

    assert "valid (custom)" in run("validate", "model.yaml")
    assert "valid (loud 1.0, handler handler.py, 1 to 1 workers, batches of 1, requires requirements.txt)" in run(
        "validate", "loud.mar"
    )
    assert run("doctor", "shout.mar", "--store", str(tmp_path)).startswith("ok")
    stored = ["stored 1.0, handler handler.py, 1 to 1 workers, batches of 1", "stored 2.0, .*, batches of 3"]
    for command in (run("validate", "store"), run("doctor", "store", "--store", str(tmp_path))):
        for line, said in zip(command.splitlines(), stored, strict=True):
            assert re.search(said, line)
    planned = run("prepare", "--dry-run", "model.yaml", "--store", str(tmp_path))
    assert "shout.mar" in planned
    assert "candidates: none, its own handler loads and runs it" in planned
    assert "its own handler loads and runs it" in run("doctor", "model.yaml", "--store", str(tmp_path))

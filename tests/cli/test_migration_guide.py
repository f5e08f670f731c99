"""docs/migrating-from-torchserve.md: each command and manifest on the page, run as it stands there."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.forked import Forked
from tests.cli.test_serve import PROGRAM
from tests.migration_guide import COMMANDS, CUSTOM_MODEL, INFERENCE_SERVICE, NATIVE_MODEL, line_with
from tests.ports import free_port
from tests.predictor.preparation.conftest import FAITHFUL
from tests.predictor.torchserve.ancestor.archives import LABELS, make_archive
from tests.predictor.torchserve.reading.archives import packed
from tests.predictor.torchserve.reading.wheels import wheel

pytestmark = pytest.mark.slow

SERVE, STORE, MANAGED, NATIVE = (line for line in COMMANDS if " serve " in line)
OF_A_CLUSTER = "kubectl apply -f custom.yaml"
"""tests/cluster applies that manifest, and the page's InferenceService."""
TEXT = "i love this movie"

HANDLER = b"""\
def handle(data, context):
    rows = data or []
    asked = bool(rows) and context.get_request_header(0, "explain") == "True"
    return [{"words": text(row).split()} if asked else "Accepted" for row in rows]


def text(row):
    body = row["body"]
    return body if isinstance(body, str) else body.decode()
"""
REQUIRING = b"import volume\n\ndef handle(data, context):\n    return [volume.VERSION for _ in data or []]\n"
TEST = """\
from ts.context import Context


def test_the_handler():
    assert Context("bert", ".", {}, 1, None, "0.12").model_name == "bert"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page speaks of: archives, a store, a text, a test of a handler, and the page's manifests."""
    folder = tmp_path_factory.mktemp("guide")
    packed(folder / "model-store", {"handler.py": HANDLER}, name="bert")
    requiring = {"handler.py": REQUIRING, "requirements.txt": b"volume\n"}
    packed(folder / "store" / "model-store", requiring, name="bert", requirements_file="requirements.txt")
    wheel(folder / "wheels", "volume")
    (folder / "store" / "config").mkdir()
    snapshot = {"models": {"bert": {"1.0": {"marName": "bert.mar", "defaultVersion": True, "minWorkers": 1}}}}
    (folder / "store" / "config" / "config.properties").write_text(f"model_snapshot={json.dumps(snapshot)}\n")
    (folder / "sample_text.txt").write_text(TEXT)
    (folder / "test_handler.py").write_text(TEST)
    (folder / "custom.yaml").write_text(CUSTOM_MODEL)
    (folder / "native").mkdir()
    model = yaml.safe_load(NATIVE_MODEL)
    model["spec"]["preparation"] = FAITHFUL  # what Auto tries takes minutes, and is tested elsewhere
    (folder / "native" / "native.yaml").write_text(yaml.safe_dump(model))
    make_archive(folder / "checkpoint", "sequence_classification").write(folder / "native" / "model-store", "bert")
    return folder


@contextmanager
def served(command: str, folder: Path, **environment: str) -> Iterator[int]:
    """A command of the page on free ports, ready; the port that takes the place of 8080."""
    port = free_port()
    arguments = shlex.split(_placed(command, port))[1:]
    store = ["--grpc-port", "0", "--store", str(folder / "artifacts")]
    variables = {**os.environ, "COLUMNS": "200", "XDG_CACHE_HOME": str(folder / "cache"), **environment}
    process = Forked(*arguments, *store, folder=folder, environment=variables)
    said = ""
    for line in process.stderr:
        said += line
        if line.strip().startswith("curl"):
            break
    else:
        raise AssertionError(f"the server ended:\n{said}")
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _placed(command: str, port: int) -> str:
    return command.replace("8080", str(port)).replace("8085", str(MANAGEMENT_PORT))


MANAGEMENT_PORT = free_port()


def curl(command: str, folder: Path, port: int) -> str:
    shown = subprocess.run(
        [*shlex.split(_placed(command, port)), "--silent", "--show-error"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout


def test_every_command_of_the_page_is_run_here() -> None:
    assert set(COMMANDS) == {
        *(SERVE, STORE, MANAGED, NATIVE),
        *(command for command in COMMANDS if command.startswith("curl ")),
        *(line_with("export "), line_with("pytest"), line_with("validate"), OF_A_CLUSTER),
    }


def test_an_archive_answers_at_the_addresses_that_it_had(place: Path) -> None:
    with served(SERVE, place) as port:
        assert curl(line_with("/predictions/bert -T"), place, port) == "Accepted"
        assert json.loads(curl(line_with("/explanations/bert"), place, port))["words"][:1] == ["{'text':"]
        assert json.loads(curl(line_with("/ping"), place, port)) == {"status": "Healthy"}


def test_it_is_managed_with_a_token(place: Path) -> None:
    variable, _, token = line_with("export ").removeprefix("export ").partition("=")
    with served(MANAGED, place, **{variable: token}) as port:
        (described,) = json.loads(curl(line_with("/models/bert -H"), place, port))
        assert (described["modelName"], described["modelVersion"]) == ("bert", "1.0")


def test_a_store_is_served_whole_with_what_its_archives_require(place: Path) -> None:
    sources = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place / "wheels")}
    with served(STORE, place, **sources) as port:
        assert curl(line_with("/predictions/bert -T"), place, port) == "1.0"


def test_tests_of_handlers_import_what_a_worker_does(place: Path) -> None:
    command = shlex.split(line_with("pytest"))[1:]
    arguments: list[Any] = [sys.executable, "-m", "pytest", "-q", "--rootdir", place, *command]
    assert subprocess.run(arguments, cwd=place, capture_output=True, check=False).returncode == 0


def test_the_inference_service_names_the_charts_runtime_and_a_format_that_it_has() -> None:
    """tests/cluster serves such a one."""
    model = yaml.safe_load(INFERENCE_SERVICE)["spec"]["predictor"]["model"]
    chart = Path("charts/transformermodel")
    assert model["runtime"] == yaml.safe_load((chart / "values.yaml").read_text())["servingRuntime"]["name"]
    runtime = (chart / "templates" / "serving-runtime.yaml").read_text()
    assert f"- name: {model['modelFormat']['name']}\n" in runtime


def test_the_manifest_for_a_cluster_is_valid(place: Path) -> None:
    arguments = [str(PROGRAM), *shlex.split(line_with("validate"))[1:]]
    checked = subprocess.run(arguments, cwd=place, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_an_archive_of_the_generalized_handler_is_served_without_it(place: Path) -> None:
    (place / "native" / "sample_text.txt").write_text(TEXT)
    with served(NATIVE, place / "native") as port:
        assert curl(line_with("/predictions/bert -T"), place / "native", port) in LABELS

"""Preparing beside the process that serves: tried in a process of its own, because pytest's has threads already."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from transformermodel_api.failures import FailureReason
from transformermodel_predictor.threads import cpu_limit

EXAMPLE = Path("examples/sentiment")
PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from transformermodel_api.errors import TransformerModelError
from transformermodel_cli.location import store_location
from transformermodel_cli.preparation_process import preparing
from transformermodel_cli.subjects import read_subjects

location = store_location(sys.argv[2], {})
told = {}
try:
    with preparing(read_subjects([sys.argv[1]]), location) as preparation:
        if len(sys.argv) > 3:
            os.kill(preparation.pid, signal.Signals[sys.argv[3]])
        told["digests"] = dict(preparation.digests())
except TransformerModelError as error:
    told |= {"error": str(error), "status": error.exit_status}
told["imported"] = "torch" in sys.modules
told["threads"] = len(os.listdir("/proc/self/task"))
told["children"] = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
print(json.dumps(told))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def manifest(folder: Path, **preparation: Any) -> Path:
    document = yaml.safe_load((EXAMPLE / "model.yaml").read_text())
    document["spec"]["source"]["adapterUri"] = f"file://{(EXAMPLE / 'adapter').absolute()}"
    document["spec"]["preparation"] = {
        **document["spec"]["preparation"],
        "format": "Pretrained",
        "engine": "Pretrained",
        **preparation,
    }
    file = folder / "model.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def run(file: Path, folder: Path, *kill: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", PROGRAM, str(file), str(folder / "store"), *kill]
    variables = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=variables)


def prepare(file: Path, folder: Path, *kill: str) -> dict[str, Any]:
    done = run(file, folder, *kill)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_nothing_is_left_of_it_but_the_artifact(tmp_path: Path) -> None:
    told = prepare(manifest(tmp_path, precision="Float32"), tmp_path)
    assert "error" not in told, told
    assert (tmp_path / "store" / "artifacts" / told["digests"]["sentiment"]).is_dir()
    assert (told["imported"], told["threads"], told["children"]) == (False, 1, [])


def test_what_fails_there_is_told_here(tmp_path: Path) -> None:
    file = manifest(tmp_path)
    file.write_text(file.read_text().replace("/adapter", "/no-such-adapter"))
    told = prepare(file, tmp_path)
    assert "no-such-adapter" in told["error"]
    assert told["status"] == FailureReason.NotFound.exit_status


def test_it_computes_with_no_more_threads_than_it_may_use_cpus(tmp_path: Path) -> None:
    file = manifest(tmp_path)
    file.write_text(file.read_text().replace("/adapter", "/no-such-adapter"))  # found once PyTorch is imported
    done = run(file, tmp_path, OMP_NUM_THREADS="9999", OMP_DISPLAY_ENV="true")
    assert re.findall(r"OMP_NUM_THREADS = '(\d+)'", done.stderr) == [str(cpu_limit())]


def test_a_process_that_is_killed_is_told(tmp_path: Path) -> None:
    told = prepare(manifest(tmp_path), tmp_path, "SIGKILL")
    assert told["error"] == "the preparation was ended by SIGKILL. It may have needed more memory than there is."
    assert told["status"] == 128 + signal.SIGKILL

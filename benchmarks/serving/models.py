"""The models that the servers answer with: the sentiment example, prepared for one engine and precision each."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

EXAMPLE = Path("examples/sentiment")
PROGRAM = Path(sys.executable).with_name("transformermodel")


@dataclass(frozen=True)
class PreparedModel:
    """A prepared form of the example."""

    engine: str
    precision: str
    path: Path


def prepare(folder: Path, engine: str, precision: str) -> PreparedModel:
    """Prepare the example for an engine and a precision, in a folder."""
    manifest = yaml.safe_load((EXAMPLE / "model.yaml").read_text())
    manifest["spec"]["preparation"] = {
        **manifest["spec"].get("preparation", {}),
        "format": "Pretrained",
        "engine": engine,
        "precision": precision,
        "maxLength": 256,
    }
    manifest["spec"]["source"]["adapterUri"] = f"file://{(EXAMPLE / 'adapter').absolute()}"
    file = folder / f"{engine}-{precision}.yaml".lower()
    file.write_text(yaml.safe_dump(manifest))
    command = [PROGRAM, "prepare", file, "--store", folder / "store", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return PreparedModel(engine, precision, folder / "store" / json.loads(done.stdout)["path"])

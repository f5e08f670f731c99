"""A process that has an artifact and not the code of its model."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PROGRAM = """
import json, sys
import transformers.models.auto.modeling_auto as auto

def absent(*_, **__):
    raise RuntimeError("the model's class is not needed here")

auto._BaseAutoModelClass.from_pretrained = absent  # whatever loads a model of transformers' fails
from pathlib import Path
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.loading import load_model

questions, parameters = json.loads(sys.argv[1])
for path in sys.argv[2:]:
    print(json.dumps(load_model(open_artifact(Path(path))).answer(questions, parameters)))
"""


def answers_elsewhere(
    artifacts: Sequence[Path], questions: Sequence[Mapping[str, str]], parameters: Mapping[str, Any]
) -> list[list[dict[str, Any]]]:
    """What artifacts answer to the same questions in a process of their own."""
    arguments = [sys.executable, "-c", _PROGRAM, json.dumps([questions, parameters]), *map(str, artifacts)]
    finished = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]

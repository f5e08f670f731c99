"""What a preparation costs over what its libraries need, its memory, and how soon a second one is over.

    python -m benchmarks.preparation [--runs N]

MiniLM with the example's head comes from a hub of our own over loopback. Libraries alone: snapshot_download,
from_pretrained and save_pretrained of model and tokenizer. Ours: the same with resolving, hashing, sealing, golden
answers and publishing; comparing and measuring, which the libraries do not do, are told apart. Both take turns in one
process, imports not counted. Memory (Linux) is that of a process of its own that prepares a BERT-base of random
weights, over what it has after its imports.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measurement import Figure
from benchmarks.report import Result, main

EXAMPLE = Path("examples/sentiment/model.yaml")
FORM = {"format": "Pretrained", "engine": "Pretrained", "precision": "Float32"}
_NOT_OF_THE_LIBRARIES = ("Compare", "Measure")

_PEAK = """
import json, sys
from pathlib import Path
from transformermodel_api.contract import PreparationRequest
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.preparation import making  # what is imported is not what is counted
from transformermodel_predictor.preparation.job import LogProgress
from transformermodel_predictor.preparation.pipeline import prepare
def kibibytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak so far, which may be that of the parent, is forgotten
before = kibibytes("VmRSS")
request = PreparationRequest.model_validate_json(sys.argv[1])
prepare(request, LocalStore(Path(sys.argv[2])), LogProgress(), base=Path("/"))
print(json.dumps({"kibibytes": kibibytes("VmHWM") - before}))
"""


def measure(runs: int = 5) -> Result:
    """Prepare `runs` times in turns with the libraries alone, and each time once more."""
    from tests.hub.server import serving

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "hub") as hub:
        place = Path(folder)
        hub.repositories.publish_folder("org/model", _checkpoint(place))
        os.environ["HF_ENDPOINT"] = hub.url
        libraries, ours, compared, again, requests = [], [], [], [], []
        for run in range(runs + 1):
            alone = _timed(lambda run=run: _libraries_alone(hub.url, place / f"alone-{run}"))
            store = place / f"store-{run}"
            whole = _timed(lambda store=store: _prepare("hf://org/model", store))
            extra = _seconds_of(store, _NOT_OF_THE_LIBRARIES)
            hub.requests.clear()
            second = _timed(lambda store=store: _prepare("hf://org/model", store))
            if run:  # the first one loads what is loaded once
                libraries.append(alone)
                ours.append(whole - extra)
                compared.append(extra)
                again.append(second)
                requests.append(float(len(hub.requests)))
    overhead = tuple(100 * (own / alone - 1) for own, alone in zip(ours, libraries, strict=True))
    return Result.of(
        [
            Figure("libraries alone: download, load, save", "s", tuple(libraries)),
            Figure("preparation, without comparing and measuring", "s", tuple(ours)),
            Figure("overhead over the libraries", "%", overhead, bound=15),
            Figure("comparing and measuring", "s", tuple(compared)),
            Figure("second preparation", "s", tuple(again), bound=1),
            Figure("requests of the second preparation", "", tuple(requests), bound=1),
            Figure(
                "peak memory as a multiple of the weights", "", tuple(_peak_ratio() for _ in range(runs)), bound=1.3
            ),
        ]
    )


def _checkpoint(folder: Path) -> Path:
    """MiniLM with the example's adapter merged, as transformers stores it."""
    from transformermodel_api.manifests import read_manifests

    (model,) = read_manifests(EXAMPLE)
    source = model.spec.source.model_dump(mode="json", by_alias=True, exclude_none=True)
    prepared = _prepare_request({"source": source, "preparation": FORM}, folder / "first", EXAMPLE.resolve().parent)
    target = folder / "checkpoint"
    target.mkdir()
    for file in (folder / "first" / prepared.path).iterdir():
        if file.name not in ("manifest.json", "report.json", "model-config.yaml", "index_to_name.json"):
            (target / file.name).write_bytes(file.read_bytes())
    return target


def _libraries_alone(endpoint: str, folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    there = snapshot_download("org/model", endpoint=endpoint, cache_dir=folder / "cache")
    model = AutoModelForSequenceClassification.from_pretrained(there)
    tokenizer = AutoTokenizer.from_pretrained(there)
    model.save_pretrained(folder / "saved")
    tokenizer.save_pretrained(folder / "saved")


def _prepare(uri: str, store: Path) -> Any:  # noqa: ANN401
    return _prepare_request({"source": {"uri": uri}, "preparation": FORM}, store, Path("/"))


def _prepare_request(fields: dict[str, Any], store: Path, base: Path) -> Any:  # noqa: ANN401
    from transformermodel_api.contract import PreparationRequest
    from transformermodel_predictor.artifact.local_store import LocalStore
    from transformermodel_predictor.preparation.pipeline import prepare
    from transformermodel_predictor.progress import Unwatched

    request = PreparationRequest.model_validate({"task": "SequenceClassification", **fields})
    return prepare(request, LocalStore(store), Unwatched(), base=base)


def _seconds_of(store: Path, steps: tuple[str, ...]) -> float:
    (report,) = store.glob("artifacts/*/report.json")
    seconds = json.loads(report.read_text())["seconds"]
    return float(sum(seconds[step] for step in steps))


def _peak_ratio() -> float:
    """Growth of a process that prepares a BERT-base, as a multiple of its weights."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    with tempfile.TemporaryDirectory() as folder:
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
        BertForSequenceClassification(BertConfig()).save_pretrained(f"{folder}/model")
        BertTokenizer(vocab={word: index for index, word in enumerate(words)}).save_pretrained(f"{folder}/model")
        source, preparation = {"uri": f"file://{folder}/model"}, {**FORM, "maxLength": 64}
        request = {"task": "SequenceClassification", "source": source, "preparation": preparation}
        weights = (Path(folder) / "model" / "model.safetensors").stat().st_size
        command = [sys.executable, "-c", _PEAK, json.dumps(request), f"{folder}/store"]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(json.loads(ended.stdout.splitlines()[-1])["kibibytes"] * 1024 / weights)


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


if __name__ == "__main__":
    main(measure)

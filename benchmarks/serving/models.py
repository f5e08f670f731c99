"""The models that the servers answer with, prepared for one engine and precision each."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

EXAMPLE = Path("examples/sentiment")
PROGRAM = Path(sys.executable).with_name("transformermodel")


@dataclass(frozen=True)
class PreparedModel:
    """A prepared form of a classifier."""

    engine: str
    precision: str
    path: Path


def prepare(folder: Path, engine: str, precision: str) -> PreparedModel:
    """Prepare the sentiment example for an engine and a precision, in a folder."""
    source = {**_example()["spec"]["source"], "adapterUri": f"file://{(EXAMPLE / 'adapter').absolute()}"}
    return _prepare(folder, "sentiment", source, engine, precision)


def prepare_bert_base(folder: Path, engine: str, precision: str) -> PreparedModel:
    """Prepare a BERT-base of random weights, with the tokenizer of the sentiment example."""
    checkpoint = folder / "bert-base"
    if not checkpoint.exists():
        tokenizer = AutoTokenizer.from_pretrained(prepare(folder, "Packed", "BFloat16").path)
        BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer))).save_pretrained(checkpoint)
        tokenizer.save_pretrained(checkpoint)
    return _prepare(folder, checkpoint.name, {"uri": f"file://{checkpoint}"}, engine, precision)


def _prepare(folder: Path, name: str, source: dict[str, str], engine: str, precision: str) -> PreparedModel:
    manifest = _example()
    spec = manifest["spec"]
    preparation = {"format": "Pretrained", "engine": engine, "precision": precision, "maxLength": 256}
    manifest["metadata"]["name"] = name
    manifest["spec"] = {
        "task": spec["task"],
        "source": source,
        "preparation": {**spec["preparation"], **preparation},
    }
    file = folder / f"{name}-{engine}-{precision}.yaml".lower()
    file.write_text(yaml.safe_dump(manifest))
    return PreparedModel(engine, precision, prepare_manifest(file, folder / "store"))


def prepare_manifest(manifest: Path, store: Path) -> Path:
    """Prepare what a manifest says; the artifact's folder."""
    command = [PROGRAM, "prepare", manifest, "--store", store, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return store / json.loads(done.stdout)["path"]


def _example() -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((EXAMPLE / "model.yaml").read_text())
    return manifest

"""Archives as TorchServe's documentation has them for its generalized handler, of models of a few thousand weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml
from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

from tests.predictor.tiny import save_tiny_checkpoint
from tests.predictor.tiny_language import save_language_checkpoint
from transformermodel_predictor.torchserve.archive import Archive, ArchiveFormat, write_archive

LENGTH = 24
LABELS = ("Not Accepted", "Accepted", "Perhaps")
TAGS = ("O", "B-PER", "I-PER")
HANDLER = "Transformer_handler_generalized.py"
MODES = ("sequence_classification", "token_classification", "question_answering", "text_generation")

_HEADS: Mapping[str, tuple[Any, int]] = {
    "sequence_classification": (AutoModelForSequenceClassification, len(LABELS)),
    "token_classification": (AutoModelForTokenClassification, len(TAGS)),
    "question_answering": (AutoModelForQuestionAnswering, 2),
}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "sequence_classification": {str(index): label for index, label in enumerate(LABELS)},
    "token_classification": {"label_list": f"[{', '.join(TAGS)}]"},
}
_jit: Any = torch.jit


@dataclass(frozen=True)
class AncestorArchive:
    """The files that go into an archive.

    Attributes:
        folder: where they lie.
        settings: the section `handler` of model-config.yaml.
        serialized: the file with the weights.
    """

    folder: Path
    settings: Mapping[str, Any]
    serialized: str

    @property
    def configuration(self) -> dict[str, Any]:
        """model-config.yaml."""
        return {"minWorkers": 1, "maxWorkers": 1, "handler": dict(self.settings)}

    def with_settings(self, **settings: Any) -> "AncestorArchive":
        return replace(self, settings={**self.settings, **settings})

    def write(self, store: Path, name: str, handler: str = HANDLER, **also: bytes) -> Path:
        """Write the archive; the handler's file is not in it, unless it is given as `also`."""
        members: dict[str, Path | bytes] = {path.name: path for path in self.folder.iterdir() if path.is_file()}
        members |= {f"{module}.py": source for module, source in also.items()}
        members["model-config.yaml"] = yaml.safe_dump(self.configuration).encode()
        archive = Archive(name, "1.0", handler, members, self.serialized, config_file="model-config.yaml")
        return write_archive(archive, store, ArchiveFormat.default)


def settings_of(mode: str, save_mode: str = "pretrained", **settings: Any) -> dict[str, Any]:
    """All keys of the documented configuration, as its example has them."""
    return {
        "model_name": "org/tiny",
        "mode": mode,
        "do_lower_case": True,
        "num_labels": 0,
        "save_mode": save_mode,
        "max_length": LENGTH,
        "captum_explanation": True,
        "embedding_name": "bert",
        "BetterTransformer": False,
        "model_parallel": False,
        **settings,
    }


def make_archive(folder: Path, mode: str, save_mode: str = "pretrained", **settings: Any) -> AncestorArchive:
    """What the documented steps leave: weights or a graph, tokenizer, index_to_name.json."""
    if mode == "text_generation":
        save_language_checkpoint(folder, "gpt2", chat_template=None)
        settings = {"generation": {"max_new_tokens": 6}, "do_lower_case": False, **settings}
    else:
        _save_classifier(folder, mode)
    if mode in _NAMES:
        (folder / "index_to_name.json").write_text(json.dumps(_NAMES[mode]))
    serialized = "model.safetensors"
    if save_mode == "torchscript":
        serialized = _trace(folder, mode)
    return AncestorArchive(folder, settings_of(mode, save_mode, **settings), serialized)


def head_of(folder: Path, mode: str, **settings: Any) -> PreTrainedModel:
    """The model in a folder, as transformers loads it."""
    model: PreTrainedModel = _HEADS[mode][0].from_pretrained(folder, **settings).eval()
    return model


def _save_classifier(folder: Path, mode: str) -> None:
    """A tiny BERT with the head of the mode."""
    save_tiny_checkpoint(folder)
    auto, classes = _HEADS[mode]
    if mode != "sequence_classification":
        torch.manual_seed(1)
        labels = {index: f"LABEL_{index}" for index in range(classes)}
        configuration = AutoConfig.from_pretrained(folder, id2label=labels, label2id={})
        (folder / "model.safetensors").unlink()
        auto.from_config(configuration).save_pretrained(folder)


def _trace(folder: Path, mode: str) -> str:
    """As TorchServe's script traces: one row of ids and mask, padded to the limit. Nothing else is kept."""
    ids = torch.zeros((1, LENGTH), dtype=torch.int64)
    ids[0, :4] = torch.tensor([2, 5, 6, 3])
    graph = _jit.trace(head_of(folder, mode, return_dict=False), (ids, (ids > 0).long()), check_trace=False)
    graph.save(folder / "traced_model.pt")
    for name in ("model.safetensors", "config.json"):
        (folder / name).unlink()
    return "traced_model.pt"

"""A classifier of a few thousand random weights, as an artifact: everything real but the sense of its answers."""

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.candidate import Candidate, EngineName

LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
MAX_LENGTH = 16
CANDIDATE = Candidate(Format.Pretrained, EngineName.Pretrained, Precision.Float32)

_WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "i",
    "love",
    "hate",
    "this",
    "movie",
    "it",
    "was",
    "good",
    "bad",
)


def save_tiny_checkpoint(path: Path, seed: int = 0, **configuration: object) -> Path:
    """Save a model and its tokenizer as `save_pretrained` lays them out."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(_WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,  # so that answers differ visibly
        **{"num_labels": len(LABELS), "id2label": dict(enumerate(LABELS)), **configuration},
    )
    BertForSequenceClassification(config).save_pretrained(path)
    BertTokenizer(vocab={word: index for index, word in enumerate(_WORDS)}).save_pretrained(path)
    return path


def make_tiny_artifact(path: Path, seed: int = 0) -> Artifact:
    """The checkpoint as preparation would publish it."""
    save_tiny_checkpoint(path, seed)
    return publish(path, LABELS, MAX_LENGTH)


def publish(checkpoint: Path, labels: tuple[str, ...], max_length: int) -> Artifact:
    """Make a folder with a checkpoint an artifact."""
    configuration = ModelConfiguration(max_length=max_length, num_labels=len(labels))
    (checkpoint / CONFIGURATION_FILE).write_text(configuration.text(), encoding="utf-8")
    (checkpoint / LABELS_FILE).write_text(labels_text(labels), encoding="utf-8")
    return seal(
        checkpoint,
        Provenance(candidate=CANDIDATE, source="file://tiny", commit="0123456", adapter=None, libraries={}, pipeline=1),
    )

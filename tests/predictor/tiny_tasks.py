"""A tiny model of each task. They answer as it happens; what they answer is real."""

from pathlib import Path

from transformers import BertTokenizer

from tests.predictor.explanations.tasks.tiny_heads import TAGS, make_reader, make_tagger
from tests.predictor.tiny import CANDIDATE, make_tiny_artifact
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.artifact.manifest import Provenance

_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "who", "lives", "in", "london", "sarah", "and", "bob", "?", ".")


def make_artifacts(folder: Path) -> dict[str, Artifact]:
    """The artifacts by the names of their models, which are those of the tasks.

    Args:
        folder: where they are written.
    """
    return {
        "sentiment": make_tiny_artifact(folder / "sentiment"),
        "entities": _make_with_head(folder / "entities", "token_classification"),
        "questions": _make_with_head(folder / "questions", "question_answering"),
        "generation": make_language_artifact(folder / "generation"),
    }


def _make_with_head(folder: Path, mode: str) -> Artifact:
    tagging = mode == "token_classification"
    model = (make_tagger if tagging else make_reader)(len(_WORDS))
    labels = TAGS if tagging else ()
    if tagging:
        model.config.id2label = dict(enumerate(labels))
    model.save_pretrained(folder)
    BertTokenizer(vocab={word: index for index, word in enumerate(_WORDS)}).save_pretrained(folder)
    configuration = ModelConfiguration(mode=mode, max_length=32, num_labels=len(labels))
    (folder / CONFIGURATION_FILE).write_text(configuration.text(), encoding="utf-8")
    if labels:
        (folder / LABELS_FILE).write_text(labels_text(labels), encoding="utf-8")
    return seal(
        folder,
        Provenance(candidate=CANDIDATE, source="file://tiny", commit="0123456", adapter=None, libraries={}, pipeline=1),
    )

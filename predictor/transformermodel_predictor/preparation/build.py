"""Writing a model as the content of an artifact."""

from pathlib import Path

from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.preparation.tokenizer import lower_cases
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.tasks.catalogue import task_type


def build(merged: Merged, task: TaskName, folder: Path) -> None:
    """Write weights (safetensors), tokenizer, labels and model-config.yaml into a new folder."""
    folder.mkdir()
    with quiet():
        merged.model.save_pretrained(folder)
        merged.tokenizer.save_pretrained(folder)
    (folder / LABELS_FILE).write_text(labels_text(merged.labels), encoding="utf-8")
    (folder / CONFIGURATION_FILE).write_text(_configuration(merged, task).text(), encoding="utf-8")


def _configuration(merged: Merged, task: TaskName) -> ModelConfiguration:
    return ModelConfiguration(
        mode=task_type(task).mode,
        max_length=merged.max_length,
        do_lower_case=lower_cases(merged.tokenizer),
        num_labels=len(merged.labels),
        embedding_name=merged.model.base_model_prefix,
    )

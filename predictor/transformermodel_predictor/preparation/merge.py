"""Loads the checkpoint, merges the adapter, and checks that the model fits its task."""

from dataclasses import dataclass, replace
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.source import RemoteCode
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.checkpoints.adapter import merge_adapter
from transformermodel_predictor.checkpoints.checkpoint import Checkpoint, read_checkpoint
from transformermodel_predictor.checkpoints.labels import choose_labels
from transformermodel_predictor.checkpoints.limits import choose_max_length, model_limit
from transformermodel_predictor.checkpoints.tokenizer import load_tokenizer, lower_cases
from transformermodel_predictor.checkpoints.weights import load_weights, require_all_weights
from transformermodel_predictor.preparation.configuration import ModelFacts, configuration_for
from transformermodel_predictor.preparation.inputs import Acquired
from transformermodel_predictor.preparation.torchserve_script.inherited import read_inherited
from transformermodel_predictor.pretrained import is_remote
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_type


@dataclass(frozen=True)
class Merged:
    """A model in memory with all that is needed to store it.

    Attributes:
        max_length: longest input in tokens.
        configuration: model-config.yaml, without what depends on the candidate.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    max_length: int
    configuration: ModelConfiguration


def merge(request: PreparationRequest, acquired: Acquired) -> Merged:
    """Load the checkpoint, merge the adapter and check that the result is what the task needs."""
    task, origin = task_type(request.task), request.source.origin
    request = read_inherited(acquired.checkpoint, origin).applied_to(request, has_labels=task.has_labels)
    wanted, trusted = request.preparation, request.source.trust_remote_code is RemoteCode.Allowed
    checkpoint = read_checkpoint(acquired.checkpoint, origin, task.auto_class, trusted=trusted)
    known = checkpoint.configuration.id2label
    labels = choose_labels(wanted.labels, known, wanted.num_labels) if task.has_labels else ()
    tokenizer = load_tokenizer(checkpoint, do_lower_case=wanted.do_lower_case)
    model = _model(request, acquired, checkpoint, labels)
    _require_vocabulary(model, tokenizer, checkpoint.origin)
    max_length = choose_max_length(wanted.max_length, tokenizer.model_max_length, model_limit(model))
    configuration = configuration_for(request, _facts(model, tokenizer, len(labels), max_length))
    make_task(request.task, TaskConfiguration.of(configuration, labels)).require_fit(model.config)
    return Merged(model, tokenizer, labels, max_length, configuration)


def _facts(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, labels: int, max_length: int) -> ModelFacts:
    return ModelFacts(
        labels=labels,
        max_length=max_length,
        lower_cases=lower_cases(tokenizer),
        base_model=model.base_model_prefix,
        problem_type=model.config.problem_type,
        needs_code=is_remote(model) or is_remote(tokenizer),
    )


def _model(
    request: PreparationRequest, acquired: Acquired, checkpoint: Checkpoint, labels: tuple[str, ...]
) -> PreTrainedModel:
    loaded = load_weights(checkpoint, task_type(request.task).auto_class, labels)
    origin = checkpoint.origin
    if acquired.adapter is not None:
        adapter = request.source.adapter_origin or ""
        loaded = replace(
            loaded, model=merge_adapter(loaded.model, acquired.adapter, adapter, trusted=checkpoint.trusted)
        )
        origin = f"{origin} with {adapter}"
    require_all_weights(loaded, origin)
    return loaded.model


def _require_vocabulary(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, origin: str) -> None:
    """Refuse a tokenizer with token ids that the model has no embedding for."""
    embeddings: Any = model.get_input_embeddings()
    rows = embeddings.weight.shape[0]
    largest = max(tokenizer.get_vocab().values())
    if largest >= rows:
        raise PreparationFailed(
            FailureReason.WeightsMismatch,
            f"the tokenizer of {origin} has tokens up to {largest}, but the model has embeddings for {rows}.",
        )

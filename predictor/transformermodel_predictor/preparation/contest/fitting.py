"""Which questions fit into a model's input length."""

from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.tasks.catalogue import AnyTask
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.tasks.text_generation import TextGeneration


def fitting_probes(task: AnyTask, tokenizer: PreTrainedTokenizerBase) -> list[Any]:
    """The task's probes that fit into the model, always with the shortest: models are warmed up with it.

    A question is never cut, only its context: one with short inputs is compared on fewer probes.

    Raises:
        PreparationFailed: UnsupportedSource, it has no room for the shortest.
    """
    shortest, *longer = task.probes
    try:
        require_encodable(task, tokenizer, shortest)
    except InvalidQuestion as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            f"inputs are too short for the shortest question that is asked to compare models ({error}): "
            "raise spec.preparation.maxLength, or use a model that takes longer inputs.",
        ) from error
    return [shortest, *(probe for probe in longer if _is_encodable(task, tokenizer, probe))]


def require_encodable(task: AnyTask, tokenizer: PreTrainedTokenizerBase, question: Any) -> None:  # noqa: ANN401
    """Refuse a question that cannot be encoded, or does not fit.

    Raises:
        InvalidQuestion: the question is one.
    """
    if isinstance(task, TextGeneration):
        task.encode(tokenizer, question, None)  # a prompt is cut, however few positions there are
    else:
        task.encode(tokenizer, [question])


def _is_encodable(task: AnyTask, tokenizer: PreTrainedTokenizerBase, question: Any) -> bool:  # noqa: ANN401
    try:
        require_encodable(task, tokenizer, question)
    except InvalidQuestion:
        return False
    return True

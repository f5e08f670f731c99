"""The `ExplainableTask` of each task."""

from typing import Any

from transformermodel_predictor.explanations.target import ExplainableTask
from transformermodel_predictor.explanations.tasks.question_answering import QuestionAnsweringTargets
from transformermodel_predictor.explanations.tasks.sequence_classification import SequenceClassificationTargets
from transformermodel_predictor.explanations.tasks.text_generation import TextGenerationTargets
from transformermodel_predictor.explanations.tasks.token_classification import TokenClassificationTargets
from transformermodel_predictor.tasks.catalogue import AnyTask
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.tasks.token_classification import TokenClassification


def explainable(task: AnyTask) -> ExplainableTask[Any, Any]:
    """The explainable side of a task. It takes the task's questions; for generation the generated texts."""
    match task:
        case SequenceClassification():
            return SequenceClassificationTargets(task)
        case TokenClassification():
            return TokenClassificationTargets(task)
        case QuestionAnswering():
            return QuestionAnsweringTargets(task)
        case TextGeneration():
            return TextGenerationTargets(task)
    raise TypeError(f"answers of {type(task).__name__} cannot be explained")

"""The targets of sequence classification: classes."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import ClassLogit
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.target_syntax import (
    EVERYTHING,
    class_index,
    items_of,
    name_list,
    parse_literal,
    unknown_target,
)
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.tasks.sequence_classification import (
    Classification,
    SequenceClassification,
    TextQuestion,
)
from transformermodel_predictor.tasks.task import Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of


class SequenceClassificationTargets:
    """A target per class: the predicted one, every predicted one of a multi-label model, or the requested ones.

    The objective is the class's logit, the score its probability. Implements `ExplainableTask`.
    """

    def __init__(self, task: SequenceClassification) -> None:
        self._task = task

    def minimum_targets(self, asked: TextQuestion, requested: object) -> int:
        """Number of requested classes, which the labels alone tell; at least 1 by default."""
        if requested is None:
            return 1
        classes = self._requested_classes(requested)
        return len(self._task.labels) if classes is None else len(classes)

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TextQuestion]) -> list[Windows]:
        """The encodings as for a prediction, with alignment."""
        return self._task.encode(tokenizer, questions, aligned=True)

    def texts(self, question: TextQuestion) -> Mapping[str, str]:
        """`text`, and `text_pair` where there is one."""
        pair = {} if question.text_pair is None else {"text_pair": question.text_pair}
        return {"text": question.text, **pair}

    def answer(self, question: TextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of the answer, as in a prediction."""
        return self._task.fields(self._classification(question, windows, outputs))

    def targets(
        self, question: TextQuestion, windows: Windows, outputs: Sequence[Outputs], requested: object
    ) -> list[Target]:
        """The classes to explain.

        Args:
            question: the classified text.
            windows: its one encoding.
            outputs: `logits` [classes].
            requested: a class by name or index, a list of them, or `all`; the predicted classes when None.

        Raises:
            InvalidQuestion: there is no such class.
        """
        answer = self._classification(question, windows, outputs)
        (encoding,) = windows
        features = word_numbers(alignment_of(encoding), tuple(self.texts(question).values()))
        return [
            Target(
                name=self._task.labels[index],
                encoding=encoding,
                objective=ClassLogit(index),
                score=answer.probabilities[index],
                features=features,
            )
            for index in self._classes(answer, requested)
        ]

    def _classification(self, question: TextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Classification:
        (answer,) = self._task.decode([question], [windows], [outputs])
        return answer

    def _classes(self, answer: Classification, requested: object) -> list[int]:
        labels = self._task.labels
        ranked = sorted(range(len(labels)), key=lambda index: -answer.probabilities[index])
        if requested is None:
            holding = [index for index in ranked if answer.probabilities[index] >= answer.question.threshold]
            return (holding if self._task.multi_label else []) or ranked[:1]
        classes = self._requested_classes(requested)
        return ranked if classes is None else classes

    def _requested_classes(self, requested: object) -> list[int] | None:
        """Indices of the requested classes; None for all of them.

        Raises:
            InvalidQuestion: there is no such class.
        """
        if (index := class_index(requested, self._task.labels)) is not None:
            return [index]
        if requested == EVERYTHING:
            return None
        classes = [self._class_index(item) for item in items_of(parse_literal(requested))]
        if not classes:
            raise self._unknown(requested)
        return list(dict.fromkeys(classes))

    def _class_index(self, requested: object) -> int:
        index = class_index(requested, self._task.labels)
        if index is None:
            raise self._unknown(requested)
        return index

    def _unknown(self, requested: object) -> Exception:
        labels = self._task.labels
        return unknown_target(
            requested,
            f"the classes {name_list(labels)}, their numbers from 0 to {len(labels) - 1}, lists of them "
            f"and {EVERYTHING}",
        )

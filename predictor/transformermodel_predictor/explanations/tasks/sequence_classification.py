"""Why a text is of a class."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import ClassLogit
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.wanted import EVERYTHING, class_number, items_of, listed, parsed, refused
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.tasks.sequence_classification import (
    Classification,
    SequenceClassification,
    TextQuestion,
)
from transformermodel_predictor.tasks.task import Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of


class SequenceClassificationTargets:
    """A target per class: the predicted one, all that hold where several may, or those that are asked for.

    The objective is the class's logit, the score its probability. Implements `ExplainableTask`.
    """

    def __init__(self, task: SequenceClassification) -> None:
        self._task = task

    def foreseen(self, asked: TextQuestion, wanted: object) -> int:
        """How many classes there will be at least; all that are given are known by their labels alone."""
        if wanted is None:
            return 1
        classes = self._given(wanted)
        return len(self._task.labels) if classes is None else len(classes)

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TextQuestion]) -> list[Windows]:
        """The encodings that are predicted from, with alignment."""
        return self._task.encode(tokenizer, questions, aligned=True)

    def texts(self, question: TextQuestion) -> Mapping[str, str]:
        """`text`, and `text_pair` where there is one."""
        pair = {} if question.text_pair is None else {"text_pair": question.text_pair}
        return {"text": question.text, **pair}

    def answer(self, question: TextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of a prediction."""
        return self._task.fields(self._classification(question, windows, outputs))

    def targets(
        self, question: TextQuestion, windows: Windows, outputs: Sequence[Outputs], wanted: object
    ) -> list[Target]:
        """The classes to explain.

        Args:
            question: what was classified.
            windows: its one encoding.
            outputs: `logits` [classes].
            wanted: a class by name or number, a list of them, or `all`; the answer's when None.

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
            for index in self._classes(answer, wanted)
        ]

    def _classification(self, question: TextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Classification:
        (answer,) = self._task.decode([question], [windows], [outputs])
        return answer

    def _classes(self, answer: Classification, wanted: object) -> list[int]:
        labels = self._task.labels
        ranked = sorted(range(len(labels)), key=lambda index: -answer.probabilities[index])
        if wanted is None:
            holding = [index for index in ranked if answer.probabilities[index] >= answer.question.threshold]
            return (holding if self._task.multi_label else []) or ranked[:1]
        classes = self._given(wanted)
        return ranked if classes is None else classes

    def _given(self, wanted: object) -> list[int] | None:
        """The classes that a client names; None for all of them.

        Raises:
            InvalidQuestion: there is no such class.
        """
        if (index := class_number(wanted, self._task.labels)) is not None:
            return [index]
        if wanted == EVERYTHING:
            return None
        classes = [self._required(item) for item in items_of(parsed(wanted))]
        if not classes:
            raise self._refused(wanted)
        return list(dict.fromkeys(classes))

    def _required(self, wanted: object) -> int:
        index = class_number(wanted, self._task.labels)
        if index is None:
            raise self._refused(wanted)
        return index

    def _refused(self, wanted: object) -> Exception:
        labels = self._task.labels
        return refused(
            wanted,
            f"the classes {listed(labels)}, their numbers from 0 to {len(labels) - 1}, lists of them and {EVERYTHING}",
        )

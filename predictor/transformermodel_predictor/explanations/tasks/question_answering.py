"""The targets of question answering: start and end of an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import PlaceLogit
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.answers import (
    LocatedAnswer,
    locate_answer,
    locate_no_answer,
    parse_answer,
    requested_span,
)
from transformermodel_predictor.explanations.tasks.window_choice import window_details
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.tasks.question_answering import ContextQuestion, Extraction, QuestionAnswering
from transformermodel_predictor.tasks.task import Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of


class QuestionAnsweringTargets:
    """Two targets, `start` and `end`, of the predicted or a requested answer. Implements `ExplainableTask`.

    The objective is the start or end logit of the answer, in the window where it is highest; the score is the
    probability of starting or ending there, summed over all answers that do.
    """

    def __init__(self, task: QuestionAnswering) -> None:
        self._task = task

    def minimum_targets(self, asked: ContextQuestion, requested: object) -> int:
        """0: a model without special tokens has no target if it finds no answer."""
        parse_answer(asked.context, requested)
        return 0

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[ContextQuestion]) -> list[Windows]:
        """The encodings, as for a prediction."""
        return self._task.encode(tokenizer, questions)

    def texts(self, question: ContextQuestion) -> Mapping[str, str]:
        """`question` and `context`."""
        return {"question": question.question, "context": question.context}

    def answer(self, question: ContextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of the answer, as in a prediction."""
        return self._task.fields(self._extraction(question, windows, outputs))

    def targets(
        self, question: ContextQuestion, windows: Windows, outputs: Sequence[Outputs], requested: object
    ) -> list[Target]:
        """Start and end of an answer; empty if a model without special tokens finds no answer.

        Args:
            question: question and context.
            windows: their encodings.
            outputs: `start_logits` and `end_logits` [tokens] of each window.
            requested: a part of the context as text or as `{"start", "end"}`; the empty text for no answer; the number
                of an answer from the best, 0; or None for the best.

        Raises:
            InvalidQuestion: there is no such answer, or it is longer than a window.
        """
        extraction = self._extraction(question, windows, outputs)
        place = requested_span(self._task, extraction, requested)
        if place is None:
            located = locate_no_answer(extraction, windows, outputs)
            if located is None:
                return []
        else:
            located = locate_answer(extraction, windows, outputs, place)
        start, end = place or (0, 0)
        details = {"answer": question.context[start:end], "start": start, "end": end, "answer_score": located.score}
        return _targets(located, windows, tuple(self.texts(question).values()), details)

    def _extraction(self, question: ContextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Extraction:
        (answer,) = self._task.decode([question], [windows], [outputs])
        return answer


def _targets(
    located: LocatedAnswer, windows: Windows, texts: Sequence[str], details: Mapping[str, Any]
) -> list[Target]:
    encoding = windows[located.window]
    features = word_numbers(alignment_of(encoding), texts)
    described = {**details, **window_details(windows, located.window, 1)}
    ends = (
        ("start", located.first, located.start_score),
        ("end", located.last, located.end_score),
    )
    return [
        Target(name, encoding, PlaceLogit(f"{name}_logits", position), score, features, described)
        for name, position, score in ends
    ]

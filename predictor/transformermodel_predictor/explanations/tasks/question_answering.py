"""Why an answer starts and ends where it does."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import PlaceLogit
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.answers import (
    Located,
    locate,
    locate_nowhere,
    named_answer,
    wanted_place,
)
from transformermodel_predictor.explanations.tasks.holding import window_details
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.tasks.question_answering import ContextQuestion, Extraction, QuestionAnswering
from transformermodel_predictor.tasks.task import Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of


class QuestionAnsweringTargets:
    """Two targets, `start` and `end`, of the predicted answer or of a given one. Implements `ExplainableTask`.

    The objective is the logit of the answer starting, or ending, where it does, in the window that is surest of it; the
    score is the probability that it starts, or ends, there, which is the sum over all answers that do.
    """

    def __init__(self, task: QuestionAnswering) -> None:
        self._task = task

    def foreseen(self, asked: ContextQuestion, wanted: object) -> int:
        """None at least: there is nothing to explain where a model without special tokens finds no answer."""
        named_answer(asked.context, wanted)
        return 0

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[ContextQuestion]) -> list[Windows]:
        """The encodings that are predicted from."""
        return self._task.encode(tokenizer, questions)

    def texts(self, question: ContextQuestion) -> Mapping[str, str]:
        """`question` and `context`."""
        return {"question": question.question, "context": question.context}

    def answer(self, question: ContextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of a prediction."""
        return self._task.fields(self._extraction(question, windows, outputs))

    def targets(
        self, question: ContextQuestion, windows: Windows, outputs: Sequence[Outputs], wanted: object
    ) -> list[Target]:
        """Start and end of an answer; none where a model without special tokens finds no answer.

        Args:
            question: question and context.
            windows: their encodings.
            outputs: of each, `start_logits` and `end_logits` [tokens].
            wanted: a part of the context as text, or as `{"start", "end"}`; the empty text, which is that there is no
                answer; or the number of an answer among the best ones, from 0; the best one when None.

        Raises:
            InvalidQuestion: there is no such answer, or it is longer than a window.
        """
        extraction = self._extraction(question, windows, outputs)
        place = wanted_place(self._task, extraction, wanted)
        if place is None:
            located = locate_nowhere(extraction, windows, outputs)
            if located is None:
                return []
        else:
            located = locate(extraction, windows, outputs, place)
        start, end = place or (0, 0)
        details = {"answer": question.context[start:end], "start": start, "end": end, "answer_score": located.score}
        return _targets(located, windows, tuple(self.texts(question).values()), details)

    def _extraction(self, question: ContextQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Extraction:
        (answer,) = self._task.decode([question], [windows], [outputs])
        return answer


def _targets(located: Located, windows: Windows, texts: Sequence[str], details: Mapping[str, Any]) -> list[Target]:
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

"""The targets of token classification: entities, spans and tokens."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import TokenLogits
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.tag_syntax import minimum_tags
from transformermodel_predictor.explanations.tasks.tags import Tag, requested_tags
from transformermodel_predictor.explanations.tasks.window_choice import best_window, window_details, window_spans
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.tasks.task import Outputs, Windows
from transformermodel_predictor.tasks.token_classification import Tagging, TaggingQuestion, TokenClassification
from transformermodel_predictor.tasks.windows import alignment_of, span_of


class TokenClassificationTargets:
    """A target per entity found, or per requested one. Implements `ExplainableTask`.

    The objective is the mean logit of the entity's tokens, each for the most likely of the entity's classes (PER has
    B-PER and I-PER), in the window where the entity has most context; the score is the entity's. If no window contains
    the whole entity, the part in the window is explained, and the details say how much that is.
    """

    def __init__(self, task: TokenClassification) -> None:
        self._task = task

    def minimum_targets(self, asked: TaggingQuestion, requested: object) -> int:
        """Lower bound on the number of targets, from labels and spans of the text alone."""
        return minimum_tags(self._task.labels, asked.text, requested)

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TaggingQuestion]) -> list[Windows]:
        """The encodings, as for a prediction."""
        return self._task.encode(tokenizer, questions)

    def texts(self, question: TaggingQuestion) -> Mapping[str, str]:
        """`text`."""
        return {"text": question.text}

    def answer(self, question: TaggingQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of the answer, as in a prediction."""
        return self._task.fields(self._tagging(question, windows, outputs))

    def targets(
        self, question: TaggingQuestion, windows: Windows, outputs: Sequence[Outputs], requested: object
    ) -> list[Target]:
        """The entities to explain; empty if none was found.

        Args:
            question: the text.
            windows: its encodings.
            outputs: `logits` [tokens, classes] of each window.
            requested: an entity by its number in the answer, entities by label, a span as `{"start", "end"}` with or
                without a `label`, a pair of a token number and a class, or a list of these; all entities when None.

        Raises:
            InvalidQuestion: there is no such entity, span, token or class.
        """
        tags = requested_tags(self._task, self._tagging(question, windows, outputs), requested, _tokens_before(windows))
        features = [word_numbers(alignment_of(window), (question.text,)) for window in windows] if tags else []
        return [_target(tag, windows, features) for tag in tags]

    def _tagging(self, question: TaggingQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Tagging:
        (answer,) = self._task.decode([question], [windows], [outputs])
        return answer


def _tokens_before(windows: Windows) -> int:
    """Number of special tokens before the text."""
    return span_of(alignment_of(windows[0]), 0)[0]


def _target(tag: Tag, windows: Windows, features: Sequence[tuple[int | None, ...]]) -> Target:
    spans = window_spans(windows, 0)
    window = best_window(spans, tag.tokens)
    begin, _ = span_of(alignment_of(windows[window]), 0)
    held = range(max(tag.tokens.start, spans[window][0]), min(tag.tokens.stop, spans[window][1]))
    cut = {} if held == tag.tokens else {"tokens": len(tag.tokens), "explained_tokens": len(held)}
    return Target(
        name=tag.label,
        encoding=windows[window],
        objective=TokenLogits(
            positions=tuple(begin + token - spans[window][0] for token in held),
            classes=tuple(tag.classes[token - tag.tokens.start] for token in held),
        ),
        score=tag.score,
        features=features[window],
        details={**tag.details, **cut, **window_details(windows, window, 0)},
    )

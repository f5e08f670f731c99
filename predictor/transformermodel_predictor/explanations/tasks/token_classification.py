"""Why tokens are of a class, and so an entity."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import TokenLogits
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.holding import spans_of, window_details, window_holding
from transformermodel_predictor.explanations.tasks.named_tags import foreseen_tags
from transformermodel_predictor.explanations.tasks.tags import Tag, wanted_tags
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.tasks.task import Outputs, Windows
from transformermodel_predictor.tasks.token_classification import Tagging, TaggingQuestion, TokenClassification
from transformermodel_predictor.tasks.windows import alignment_of, span_of


class TokenClassificationTargets:
    """A target per entity that was found, or for those that are asked for. Implements `ExplainableTask`.

    The objective is the mean of the logits of the entity's tokens, each for the likeliest of the entity's classes
    (B-PER and I-PER are both PER), in the window where the entity has most context; the score is the entity's. Of an
    entity that is in no window as a whole, the part is explained that the window has, and the details say how much.
    """

    def __init__(self, task: TokenClassification) -> None:
        self._task = task

    def foreseen(self, asked: TaggingQuestion, wanted: object) -> int:
        """How many there will be at least, as far as labels and places in the text say."""
        return foreseen_tags(self._task.labels, asked.text, wanted)

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TaggingQuestion]) -> list[Windows]:
        """The encodings that are predicted from."""
        return self._task.encode(tokenizer, questions)

    def texts(self, question: TaggingQuestion) -> Mapping[str, str]:
        """`text`."""
        return {"text": question.text}

    def answer(self, question: TaggingQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of a prediction."""
        return self._task.fields(self._tagging(question, windows, outputs))

    def targets(
        self, question: TaggingQuestion, windows: Windows, outputs: Sequence[Outputs], wanted: object
    ) -> list[Target]:
        """The entities to explain, none where none was found.

        Args:
            question: the text.
            windows: its encodings.
            outputs: of each, `logits` [tokens, classes].
            wanted: an entity by its number in the answer, entities by their label, a place as `{"start", "end"}` with
                or without a `label`, a token's number with its class's, or a list of these; all entities when None.

        Raises:
            InvalidQuestion: there is no such entity, place, token or class.
        """
        tags = wanted_tags(self._task, self._tagging(question, windows, outputs), wanted, _tokens_before(windows))
        features = [word_numbers(alignment_of(window), (question.text,)) for window in windows] if tags else []
        return [_target(tag, windows, features) for tag in tags]

    def _tagging(self, question: TaggingQuestion, windows: Windows, outputs: Sequence[Outputs]) -> Tagging:
        (answer,) = self._task.decode([question], [windows], [outputs])
        return answer


def _tokens_before(windows: Windows) -> int:
    """Number of special tokens that stand before the text."""
    return span_of(alignment_of(windows[0]), 0)[0]


def _target(tag: Tag, windows: Windows, features: Sequence[tuple[int | None, ...]]) -> Target:
    spans = spans_of(windows, 0)
    window = window_holding(spans, tag.tokens)
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

"""Classification, tagging and question answering for the generalized handler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.loading import regroup
from transformermodel_predictor.tasks.ancestor import read_body
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.task import EncoderTask, InvalidQuestion
from transformermodel_predictor.torchserve.ancestor.insights import Attributing
from transformermodel_predictor.torchserve.ancestor.reading_back import read_back
from transformermodel_predictor.torchserve.ancestor.task_model import EncodedQuestion, Explained

_TEXTS = ("text", "text_pair")
_PAIR = ("question", "context")
_NOTHING = "?"
"""Stands for a text that has no tokens: no task takes an empty context."""


@dataclass(frozen=True)
class EncoderTaskModel:
    """A model that needs one forward pass. Implements `TaskModel`.

    Attributes:
        task: the task.
        tokenizer: the model's tokenizer.
        engine: runs the model.
        differentiable: the model for gradients by the embeddings; None for a traced graph, which has no gradients.
    """

    task: EncoderTask[Any, Any]
    tokenizer: PreTrainedTokenizerBase
    engine: Engine
    differentiable: PreTrainedModel | None = field(default=None, repr=False)

    def encode(self, questions: Sequence[Any]) -> list[EncodedQuestion]:
        """Tokenize questions, in one call of the tokenizer if the task can."""
        asked = [
            EncodedQuestion(question, windows)
            for question, windows in zip(questions, self.task.encode(self.tokenizer, questions), strict=True)
        ]
        for one in asked:
            if not one.tokens:
                raise InvalidQuestion("the text has no tokens", one.question)
        return asked

    def recognise(self, tokens: Sequence[int]) -> EncodedQuestion:
        """The question for the decoded tokens, in a single window."""
        encoding, texts = read_back(self.tokenizer, tokens)
        names = _PAIR if isinstance(self.task, QuestionAnswering) else _TEXTS
        known = {spec.name for spec in self.task.inputs}
        fields = {names[0]: _NOTHING, **({names[1]: _NOTHING} if names is _PAIR else {})}
        fields |= {name: text for name, text in zip(names, texts, strict=False) if text.strip() and name in known}
        asked = read_body(self.task.name, fields)
        return EncodedQuestion(self.task.question(asked.fields, asked.parameters), (encoding,))

    def answer(self, asked: Sequence[EncodedQuestion]) -> list[Mapping[str, Any]]:
        """One forward pass over all windows."""
        questions, windows = [one.question for one in asked], [one.windows for one in asked]
        outputs = self.engine.run([encoding for parts in windows for encoding in parts])
        answers = self.task.decode(questions, windows, regroup(outputs, windows))
        return [self.task.fields(answer) for answer in answers]

    def explain(self, asked: EncodedQuestion, wanted: object, options: Options) -> Explained:
        """Gradients by the embeddings; for a graph what leaving each word out changes."""
        targets = explainable(self.task)
        targets.minimum_targets(asked.question, wanted)  # a wrong target is refused before anything is computed
        (windows,) = targets.encode(self.tokenizer, [asked.question])
        found = targets.targets(asked.question, windows, self.engine.run(list(windows)), wanted)
        texts = targets.texts(asked.question)
        return self._attributing.attribute(found, texts, options)

    @cached_property
    def _attributing(self) -> Attributing:
        model = self.differentiable
        if model is None:
            return Attributing(self.tokenizer, self.engine)
        return Attributing(self.tokenizer, self.engine, twin_of(model), str(model.config.model_type))

"""Text generation for the generalized handler."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.choice import choose_decoder
from transformermodel_predictor.generation.decoder import Decoder
from transformermodel_predictor.generation.loaded import generated_text
from transformermodel_predictor.generation.loading import ends_of
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.tasks.task import Encoding
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.torchserve.ancestor.insights import Attributing
from transformermodel_predictor.torchserve.ancestor.task_model import EncodedQuestion, Explained


@dataclass(frozen=True)
class GeneratorTaskModel:
    """A model that generates text. Implements `TaskModel`; its encoded questions hold encoded prompts.

    Attributes:
        task: the task.
        tokenizer: the model's tokenizer.
        model: the model, in evaluation mode.
    """

    task: TextGeneration
    tokenizer: PreTrainedTokenizerBase
    model: PreTrainedModel = field(repr=False)

    @property
    def differentiable(self) -> PreTrainedModel:
        """The model itself."""
        return self.model

    def encode(self, questions: Sequence[GenerationQuestion]) -> list[EncodedQuestion]:
        """Tokenize prompts, truncated so that the model has room for new tokens."""
        positions = model_limit(self.model)
        prompts = [self.task.encode(self.tokenizer, question, positions) for question in questions]
        return [_asked(prompt) for prompt in prompts]

    def recognise(self, tokens: Sequence[int]) -> EncodedQuestion:
        """The question for the decoded tokens."""
        text = str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))
        (asked,) = self.encode([self.task.question({"text": text}, {})])
        prompt: EncodedPrompt = asked.question
        return _asked(EncodedPrompt(prompt.question, text, tuple(tokens)))

    def answer(self, asked: Sequence[EncodedQuestion]) -> list[Mapping[str, Any]]:
        """Generate texts for all prompts together."""
        return [self.task.fields(text) for text in self._generate([one.question for one in asked])]

    def explain(self, asked: EncodedQuestion, wanted: object, options: Options) -> Explained:
        """Why the prompt was continued as it is now; sampling may write something else each time."""
        targets = explainable(self.task)
        targets.minimum_targets(asked.question.question, wanted)  # a wrong target is refused before anything is written
        (text,) = self._generate([asked.question])
        (windows,) = targets.encode(self.tokenizer, [text])
        outputs = self._attributing.engine.run(list(windows))
        found = targets.targets(text, windows, outputs, wanted)
        return self._attributing.attribute(found, targets.texts(text), options)

    def _generate(self, prompts: Sequence[EncodedPrompt]) -> list[GeneratedText]:
        ends = ends_of(self.model, self.tokenizer)
        continuations = [
            Continuation(prompt.tokens, prompt.question.parameters, ends, self.tokenizer) for prompt in prompts
        ]
        pieces = generate(self._new_decoder(), continuations)
        return [generated_text(prompt, told) for prompt, told in zip(prompts, pieces, strict=True)]

    @cached_property
    def _new_decoder(self) -> Callable[[], Decoder[Any]]:
        return choose_decoder(self.model)

    @cached_property
    def _attributing(self) -> Attributing:
        twin = twin_of(self.model, packed=False)
        return Attributing(self.tokenizer, PretrainedEngine(self.model), twin, str(self.model.config.model_type))


def _asked(prompt: EncodedPrompt) -> EncodedQuestion:
    return EncodedQuestion(prompt, (Encoding({"input_ids": prompt.tokens}, truncated=prompt.truncated),))

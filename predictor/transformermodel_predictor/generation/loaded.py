"""From a verified artifact to a model that generates."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.engines.pretrained import CPU, PretrainedEngine
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.choice import choose_decoder
from transformermodel_predictor.generation.decoder import Decoder
from transformermodel_predictor.generation.sequence import Continuation, Piece
from transformermodel_predictor.preparation.candidate import EngineName
from transformermodel_predictor.preparation.limits import model_limit
from transformermodel_predictor.pretrained import load_pretrained_tokenizer
from transformermodel_predictor.tasks.task import TensorSpec
from transformermodel_predictor.tasks.text_generation import (
    EncodedPrompt,
    GeneratedText,
    GenerationQuestion,
    TextGeneration,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedGenerator:
    """All parts of a model that are needed to generate, in memory.

    Attributes:
        new_decoder: makes what runs the model, without any rows; each batch has one of its own.
        ends: the tokens that end a text.
        positions: of the model, for a prompt and what follows together; None where they are not limited.
    """

    artifact: Artifact
    task: TextGeneration
    tokenizer: PreTrainedTokenizerBase
    new_decoder: Callable[[], Decoder]
    ends: frozenset[int]
    positions: int | None

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What clients send; conversations only where the tokenizer has a template that writes them."""
        templated = bool(self.tokenizer.chat_template)
        return tuple(spec for spec in self.task.inputs if templated or spec.name != "messages")

    def encode(self, question: GenerationQuestion) -> EncodedPrompt:
        """Tokenize a question, cut to the model's limits.

        Raises:
            InvalidQuestion: there is nothing to continue.
        """
        return self.task.encode(self.tokenizer, question, self.positions)

    def continuation(self, prompt: EncodedPrompt, *, measured: bool = False) -> Continuation:
        """What follows a prompt, to be generated."""
        return Continuation(prompt.tokens, prompt.question.parameters, self.ends, self.tokenizer, measured=measured)

    def ask(self, questions: Sequence[GenerationQuestion]) -> list[GeneratedText]:
        """Generate in the calling thread, all questions together, and tell how sure the model was of each token.

        Raises:
            InvalidQuestion: there is nothing to continue.
        """
        prompts = [self.encode(question) for question in questions]
        pieces = generate(self.new_decoder(), [self.continuation(prompt, measured=True) for prompt in prompts])
        return [generated(prompt, told) for prompt, told in zip(prompts, pieces, strict=True)]

    def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Answer in the calling thread; the same steps as a request to the server takes.

        Raises:
            InvalidQuestion: a question or a parameter cannot be read.
        """
        read = [self.task.question(fields, parameters or {}) for fields in questions]
        return [self.task.fields(text) for text in self.ask(read)]

    def warm_up(self) -> None:
        """Generate once: the first forward passes are slower than those after them."""
        self.answer([{"text": "a"}, {"text": "a b"}], {"max_new_tokens": 2})


def generated(prompt: EncodedPrompt, pieces: Sequence[Piece]) -> GeneratedText:
    """What a prompt's pieces are together, the last one included."""
    reason = pieces[-1].finish_reason
    if reason is None:
        raise ValueError("the text has not ended")
    return GeneratedText(
        prompt=prompt,
        text="".join(piece.text for piece in pieces),
        tokens=tuple(piece.token for piece in pieces),
        finish_reason=reason,
        certainties=tuple(piece.certainty for piece in pieces if piece.certainty is not None),
    )


def load_generator(artifact: Artifact, task: TextGeneration, device: torch.device = CPU) -> LoadedGenerator:
    """Load what an artifact of a language model holds, on a device.

    Raises:
        PreparationFailed: its weights or its tokenizer do not fit, or its form cannot go on from what it has read.
    """
    candidate, execution = artifact.manifest.candidate, Execution.of(artifact.configuration)
    if candidate.engine is not EngineName.Pretrained:
        raise PreparationFailed(FailureReason.UnsupportedForm, f"{candidate} has no cache, so it cannot generate.")
    if execution.compilation is not None:
        _log.warning("%s is not compiled: text is generated with shapes that change at every step", artifact.path)
        execution = replace(execution, compilation=None)
    model = PretrainedEngine.load(artifact.path, task, candidate.precision, device, execution).model
    tokenizer = load_pretrained_tokenizer(artifact.path, trust_remote_code=execution.trust_remote_code)
    _require_tokenizer(tokenizer, model, artifact)
    return LoadedGenerator(
        artifact=artifact,
        task=task,
        tokenizer=tokenizer,
        new_decoder=partial(choose_decoder(model), model),
        ends=ends_of(model, tokenizer),
        positions=model_limit(model),
    )


def ends_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens that end a text: as generation_config.json says, else the configuration, else the tokenizer."""
    for source in (model.generation_config, model.config, tokenizer):
        ends = getattr(source, "eos_token_id", None)
        if ends is not None:
            return frozenset([ends] if isinstance(ends, int) else ends)
    return frozenset()


def _require_tokenizer(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, artifact: Artifact) -> None:
    """Refuse a tokenizer without words, which transformers makes where files are missing, or of another model."""
    vocabulary = tokenizer.get_vocab()
    if set(vocabulary) <= set(tokenizer.all_special_tokens):
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{artifact.path} has no tokenizer files; every text would be empty."
        )
    embeddings: Any = model.get_input_embeddings()
    rows, largest = embeddings.weight.shape[0], max(vocabulary.values())
    if largest >= rows:
        raise PreparationFailed(
            FailureReason.WeightsMismatch,
            f"the tokenizer in {artifact.path} has tokens up to {largest}, but the model has embeddings for {rows}.",
        )

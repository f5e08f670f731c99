"""A model that generates, in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.pretrained import CPU
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.decoder import Decoder
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.generation.vocabulary import require_tokens
from transformermodel_predictor.tasks.task import TensorSpec
from transformermodel_predictor.tasks.text_generation import TextGeneration


@dataclass(frozen=True)
class LoadedGenerator:
    """All parts of a model that are needed to generate, in memory.

    Attributes:
        new_decoder: makes what runs the model, without any rows; each batch has one of its own.
        ends: the tokens that end a text.
        vocabulary: tokens are at least 0 and below this.
        positions: of the model, for a prompt and what follows together; None where they are not limited.
        engine: says the logits of whole sequences, for explanations; None where only the next token's can be had.
        device: where the model runs.
        replicas: make what runs the same weights on further devices.
    """

    artifact: Artifact
    task: TextGeneration
    tokenizer: PreTrainedTokenizerBase
    new_decoder: Callable[[], Decoder[Any]]
    ends: frozenset[int]
    vocabulary: int
    positions: int | None
    engine: Engine | None = None
    device: torch.device = CPU
    replicas: tuple[Callable[[], Decoder[Any]], ...] = ()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What clients send; conversations only where the tokenizer has a template that writes them."""
        templated = bool(self.tokenizer.chat_template)
        return tuple(spec for spec in self.task.inputs if templated or spec.name != "messages")

    def encode(self, question: GenerationQuestion) -> EncodedPrompt:
        """Tokenize a question, cut to the model's limits.

        Raises:
            InvalidQuestion: there is nothing to continue, or a token that the model does not have.
        """
        if question.tokens is not None:
            require_tokens(question.tokens, self.vocabulary)
        return self.task.encode(self.tokenizer, question, self.positions)

    def continuation(self, prompt: EncodedPrompt, *, measured: bool = False) -> Continuation:
        """What follows a prompt, to be generated."""
        question = prompt.question
        return Continuation(
            prompt.tokens,
            question.parameters,
            self.ends,
            self.tokenizer,
            measured=measured,
            likeliest=question.likeliest,
        )

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
        for new_decoder in (self.new_decoder, *self.replicas):
            replace(self, new_decoder=new_decoder).answer([{"text": "a"}, {"text": "a b"}], {"max_new_tokens": 2})


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
        scores=tuple(score for piece in pieces for score in piece.scores),
    )

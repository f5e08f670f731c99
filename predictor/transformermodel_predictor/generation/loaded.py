"""A language model loaded into memory."""

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
    """A loaded language model with all that generating needs.

    Attributes:
        artifact: what it was loaded from.
        task: with its generation defaults.
        tokenizer: the model's.
        new_decoder: makes a decoder without rows; each batch has its own.
        ends: end-of-sequence tokens.
        vocabulary: number of token ids.
        positions: limit on prompt and continuation together; None where unlimited.
        engine: returns the logits of whole sequences, for explanations; None for graphs, which return the last ones.
        device: of `new_decoder`.
        replicas: factories of decoders on further devices.
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
        """Inputs of a request; `messages` only if the tokenizer has a chat template."""
        templated = bool(self.tokenizer.chat_template)
        return tuple(spec for spec in self.task.inputs if templated or spec.name != "messages")

    def encode(self, question: GenerationQuestion) -> EncodedPrompt:
        """Tokenize a question, truncated to the model's limits.

        Raises:
            InvalidQuestion: the prompt is empty, or has a token id outside of the vocabulary.
        """
        if question.tokens is not None:
            require_tokens(question.tokens, self.vocabulary)
        return self.task.encode(self.tokenizer, question, self.positions)

    def continuation(self, prompt: EncodedPrompt, *, measured: bool = False) -> Continuation:
        """The continuation of a prompt, ready to be generated; `measured` adds certainties to its pieces."""
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
        """Generate all questions' texts as one batch in the calling thread, with the certainty of each token.

        Raises:
            InvalidQuestion: a prompt is empty, or has a token id outside of the vocabulary.
        """
        prompts = [self.encode(question) for question in questions]
        pieces = generate(self.new_decoder(), [self.continuation(prompt, measured=True) for prompt in prompts])
        return [generated_text(prompt, own) for prompt, own in zip(prompts, pieces, strict=True)]

    def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Answer questions in the calling thread, in the same steps as the server.

        Raises:
            InvalidQuestion: a question or a parameter is invalid.
        """
        read = [self.task.question(fields, parameters or {}) for fields in questions]
        return [self.task.fields(text) for text in self.ask(read)]

    def warm_up(self) -> None:
        """Generate once on every replica: the first forward passes are slower than later ones."""
        for new_decoder in (self.new_decoder, *self.replicas):
            replace(self, new_decoder=new_decoder).answer([{"text": "a"}, {"text": "a b"}], {"max_new_tokens": 2})


def generated_text(prompt: EncodedPrompt, pieces: Sequence[Piece]) -> GeneratedText:
    """Join all pieces of a prompt's continuation."""
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

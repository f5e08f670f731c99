"""Prompts and generated texts. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.piece import Certainty, FinishReason, Score


@dataclass(frozen=True)
class GenerationQuestion:
    """A prompt with its generation parameters. It has a text, messages or tokens.

    Attributes:
        text: the prompt; empty if there are messages or tokens.
        messages: the conversation so far, each with `role` and `content`; None otherwise.
        parameters: of generation.
        likeliest: number of most likely tokens per score; None for no scores.
        tokens: the prompt as token ids, to which no special tokens are added; None otherwise.
    """

    text: str
    messages: tuple[Mapping[str, Any], ...] | None = None
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    likeliest: int | None = None
    tokens: tuple[int, ...] | None = None


@dataclass(frozen=True)
class EncodedPrompt:
    """A tokenized question.

    Attributes:
        question: with `max_new_tokens` limited to the model's positions.
        text: the prompt; a conversation rendered by the chat template, tokens decoded by the tokenizer.
        tokens: the prompt's token ids, at least one.
        truncated: number of tokens cut off at its start.
    """

    question: GenerationQuestion
    text: str
    tokens: tuple[int, ...]
    truncated: int = 0


@dataclass(frozen=True)
class GeneratedText:
    """The continuation of a prompt.

    Attributes:
        prompt: that it continues.
        text: without special tokens.
        tokens: the generated token ids, the end-of-sequence token included.
        finish_reason: why it ends.
        certainties: of each token; empty if not measured.
        scores: of the tokens of `text`; empty if not requested.
    """

    prompt: EncodedPrompt
    text: str
    tokens: tuple[int, ...]
    finish_reason: FinishReason
    certainties: tuple[Certainty, ...] = ()
    scores: tuple[Score, ...] = ()

    @property
    def full_text(self) -> str:
        """The text, with the prompt before it if `return_full_text`."""
        return self.prompt.text + self.text if self.prompt.question.parameters.return_full_text else self.text

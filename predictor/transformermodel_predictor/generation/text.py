"""What is to be continued, and the text that follows it. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.piece import Certainty, FinishReason, Score


@dataclass(frozen=True)
class GenerationQuestion:
    """What is to be continued, and how.

    Attributes:
        text: the prompt; empty where there are messages or tokens.
        messages: the conversation so far, each with `role` and `content`; None where there is a text.
        tokens: the prompt as the ids of its tokens, to which none are added; None where there is a text.
        parameters: how the continuation is generated.
        likeliest: how many of the likeliest tokens each score of the answer tells; None where no scores are wanted.
    """

    text: str
    messages: tuple[Mapping[str, Any], ...] | None = None
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    likeliest: int | None = None
    tokens: tuple[int, ...] | None = None


@dataclass(frozen=True)
class EncodedPrompt:
    """A question as the model sees it.

    Attributes:
        question: the question, with as many new tokens at most as the model has positions for.
        text: the prompt; a conversation as the chat template writes it, tokens as the tokenizer does.
        tokens: the prompt's tokens, at least one.
        truncated: how many tokens at its beginning the model does not see.
    """

    question: GenerationQuestion
    text: str
    tokens: tuple[int, ...]
    truncated: int = 0


@dataclass(frozen=True)
class GeneratedText:
    """What follows a prompt.

    Attributes:
        prompt: what it follows.
        text: the text, without special tokens.
        tokens: the tokens it was made of, the one that ended it included.
        finish_reason: why it ends.
        certainties: how sure the model was of each token; empty where that was not measured.
        scores: of the tokens that wrote the text; empty where none are wanted.
    """

    prompt: EncodedPrompt
    text: str
    tokens: tuple[int, ...]
    finish_reason: FinishReason
    certainties: tuple[Certainty, ...] = ()
    scores: tuple[Score, ...] = ()

    @property
    def full_text(self) -> str:
        """The text, after the prompt where that is wanted too."""
        return self.prompt.text + self.text if self.prompt.question.parameters.return_full_text else self.text

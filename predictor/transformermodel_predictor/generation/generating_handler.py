"""The interface of a handler that generates text, with streaming. Imports nothing heavy."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.handler import Handler


class GeneratingHandler(Handler, Protocol):
    """A handler that serves a language model to many clients, as whole texts or as streams of pieces."""

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> GenerationQuestion:
        """Parse a question.

        Raises:
            InvalidQuestion: a field or a parameter is missing, unknown or of the wrong type.
        """
        ...

    async def generate(self, questions: Sequence[GenerationQuestion]) -> list[GeneratedText]:
        """Generate whole texts as one batch, in the order of the questions.

        Raises:
            InvalidQuestion: a prompt is empty, or has a token id outside of the vocabulary.
            Overloaded: too many prompts are waiting.
        """
        ...

    async def encode(self, question: GenerationQuestion) -> EncodedPrompt:
        """Tokenize a question, off the event loop.

        Raises:
            InvalidQuestion: the prompt is empty, or has a token id outside of the vocabulary.
        """
        ...

    def stream(self, prompt: EncodedPrompt) -> AsyncGenerator[Piece, None]:
        """Stream the pieces of a text; the last one has a finish_reason. Closing the stream stops generating.

        Raises:
            Overloaded: too many prompts are waiting; before the first piece.
        """
        ...

    def streams(self, prompts: Sequence[EncodedPrompt]) -> AsyncGenerator[tuple[int, Piece], None]:
        """Stream the pieces of several texts, each with the index of its prompt; otherwise like `stream`."""
        ...

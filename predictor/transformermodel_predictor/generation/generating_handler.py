"""The interface of a handler that generates text: what protocols need besides whole answers. Imports nothing heavy."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.handler import Handler


class GeneratingHandler(Handler, Protocol):
    """A language model that many clients ask at once, for whole texts or for pieces as they come."""

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> GenerationQuestion:
        """Read a question.

        Raises:
            InvalidQuestion: a field or a parameter is missing, unknown or of the wrong type.
        """
        ...

    async def generate(self, questions: Sequence[GenerationQuestion]) -> list[GeneratedText]:
        """Whole texts, in the order of the questions; they are generated together.

        Raises:
            InvalidQuestion: there is nothing to continue, or a token that the model does not have.
            Overloaded: too much waits already.
        """
        ...

    async def encode(self, question: GenerationQuestion) -> EncodedPrompt:
        """Tokenize a question, off the event loop.

        Raises:
            InvalidQuestion: there is nothing to continue, or a token that the model does not have.
        """
        ...

    def stream(self, prompt: EncodedPrompt) -> AsyncGenerator[Piece, None]:
        """The pieces of a text as they come; the last one has a finish_reason. Closing it ends the generating.

        Raises:
            Overloaded: too much waits already; before the first piece.
        """
        ...

    def streams(self, prompts: Sequence[EncodedPrompt]) -> AsyncGenerator[tuple[int, Piece], None]:
        """The pieces of several texts as they come, each with the number of its prompt; otherwise as `stream`."""
        ...

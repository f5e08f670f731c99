"""Streams the texts of a batch while transformers generates them."""

import queue
from collections.abc import Iterator
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"
"""Decoded from tokens that are an incomplete character."""


class TextIteratorStreamerBatch(BaseStreamer):
    """Passed to `model.generate(streamer=...)` in one thread, and iterated in another: [batch] new texts at a time.

    An incomplete word is held back until it ends, so that sent text never has to be changed.

    Args:
        tokenizer: the model's.
        batch_size: rows of the batch.
        skip_prompt: whether to leave out the prompts.
        timeout: seconds to wait for the next texts; None waits forever.
        decode_kwargs: passed to the tokenizer's `decode`.

    Raises:
        queue.Empty: when iterated, if nothing arrives in time.
    """

    def __init__(
        self,
        tokenizer: Any,
        batch_size: int,
        skip_prompt: bool = False,
        timeout: float | None = None,
        **decode_kwargs: Any,
    ) -> None:
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.skip_prompt = skip_prompt
        self.timeout = timeout
        self.decode_kwargs = decode_kwargs
        self._tokens: list[list[int]] = [[] for _ in range(batch_size)]
        self._sent = [0] * batch_size
        self._is_prompt = True
        self._texts: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def put(self, value: torch.Tensor) -> None:
        """Take the next tokens.

        Args:
            value: [batch, tokens] of the prompts, then [batch] at each step.

        Raises:
            ValueError: the number of rows is not the batch's.
        """
        rows = value.reshape(value.shape[0], -1).tolist()
        if len(rows) != self.batch_size:
            raise ValueError(f"the streamer is for {self.batch_size} rows, and was given {len(rows)}")
        prompt, self._is_prompt = self._is_prompt, False
        if prompt and self.skip_prompt:
            return
        for tokens, new in zip(self._tokens, rows, strict=True):
            tokens += new
        self._texts.put([self._next_text(row, final=False) for row in range(self.batch_size)])

    def end(self) -> None:
        """Send the text held back for the end of a word."""
        self._texts.put([self._next_text(row, final=True) for row in range(self.batch_size)])
        self._texts.put(None)

    def _next_text(self, row: int, final: bool) -> str:
        """The part of a row's text that can be sent now and has not been sent yet."""
        text = self.tokenizer.decode(self._tokens[row], **self.decode_kwargs)
        end = len(text) if final else _finished(text)
        start = self._sent[row]
        self._sent[row] = max(start, end)
        return str(text[start:end])

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        texts = self._texts.get(timeout=self.timeout)
        if texts is None:
            raise StopIteration
        return texts


def _finished(text: str) -> int:
    """Length of the text that further tokens cannot change: up to its last line break, space or ideograph."""
    if text.endswith("\n") or (text and "\u4e00" <= text[-1] <= "\u9fff"):
        return len(text)
    if text.endswith(_UNFINISHED):
        return text.rstrip(_UNFINISHED).rfind(" ") + 1
    return text.rfind(" ") + 1

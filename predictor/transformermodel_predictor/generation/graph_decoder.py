"""Many sequences of different lengths in one pass of a graph, without the model's class."""

from collections.abc import Sequence

import torch

from transformermodel_predictor.engines.graph import CPU, Graph
from transformermodel_predictor.generation.decoder import Prompt
from transformermodel_predictor.generation.graph_signature import DecoderSignature
from transformermodel_predictor.generation.rows import RowLayer, Rows


class GraphDecoder:
    """One call of the graph per step for all rows; the rows themselves are kept here. Implements `Decoder`.

    Args:
        graph: takes and gives what the signature says.
        signature: what that is.
        device: where the graph is.
    """

    def __init__(self, graph: Graph, signature: DecoderSignature, device: torch.device = CPU) -> None:
        self._graph = graph
        self._signature = signature
        self._device = device
        self._rows = self._no_rows()

    @torch.inference_mode()
    def open(self, tokens: Sequence[int]) -> Prompt[Rows]:
        """Begin with a prompt."""
        rows = self._no_rows()
        rows.add_empty()
        return Prompt(tokens, rows)

    def read(self, prompt: Prompt[Rows], most: int) -> torch.Tensor | None:
        """Read some more of a prompt."""
        logits = self._run([prompt.take(most)], prompt.cache)
        return None if prompt.left else logits[0]

    def read_together(self, prompts: Sequence[Prompt[Rows]]) -> list[torch.Tensor]:
        """Read short prompts, each by itself: a graph reads as many tokens in every row."""
        return [self._run([prompt.take(len(prompt))], prompt.cache)[0] for prompt in prompts]

    @torch.inference_mode()
    def join(self, prompt: Prompt[Rows]) -> None:
        """Copy a prompt's keys and values into the last row."""
        self._rows.add(prompt.cache.held(), len(prompt))

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to every row."""
        return self._run([[token] for token in tokens], self._rows)

    @torch.inference_mode()
    def leave(self, row: int) -> None:
        """Drop a row; the last one takes its place. The last to leave takes the memory with it."""
        self._rows.remove(row)

    @property
    def columns(self) -> int:
        """How many positions there is memory for, per row."""
        return self._rows.columns

    def clear(self) -> None:
        """Drop all rows and their memory."""
        self._rows.clear()

    def _no_rows(self) -> Rows:
        return Rows([RowLayer(keys, values) for keys, values in self._signature.empty_layers(self._device)])

    @torch.inference_mode()
    def _run(self, tokens: Sequence[Sequence[int]], rows: Rows) -> torch.Tensor:
        """Read as many tokens in every row; the logits [rows, vocabulary] after the last, float32, on the CPU.

        Raises:
            ValueError: they are not what the graph takes; compiled code would end the process.
        """
        count = len(tokens[0])
        self._require_fit(tokens, rows.longest + count)
        columns = rows.room_for(count)
        held = [tensor for layer in rows.held() for tensor in layer]
        ids, lengths = (torch.tensor(numbers, device=self._device) for numbers in (tokens, rows.lengths))
        logits, *read = self._graph([ids, lengths, *held])
        for layer, keys, values in zip(rows.layers, read[::2], read[1::2], strict=True):
            layer.write(keys, values, columns)
        rows.lengthen(count)
        return logits.float().cpu()

    def _require_fit(self, tokens: Sequence[Sequence[int]], longest: int) -> None:
        positions, vocabulary = self._signature.positions, self._signature.vocabulary
        if positions is not None and longest > positions:
            raise ValueError(f"a row comes to have {longest} tokens; this model takes at most {positions}")
        wrong = next((token for row in tokens for token in row if not 0 <= token < vocabulary), None)
        if wrong is not None:
            raise ValueError(f"there is a token {wrong}; this model takes 0 to {vocabulary - 1}")

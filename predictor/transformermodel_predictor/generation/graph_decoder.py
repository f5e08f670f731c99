"""The decoder for compiled graphs: many sequences of different lengths in one call, without the model's class."""

from collections.abc import Sequence

import torch

from transformermodel_predictor.engines.graph import CPU, Graph
from transformermodel_predictor.generation.decoder import Prompt
from transformermodel_predictor.generation.graph_signature import DecoderSignature
from transformermodel_predictor.generation.rows import RowLayer, Rows


class GraphDecoder:
    """Calls a graph once per step for all rows, and keeps their cache. Implements `Decoder`.

    Args:
        graph: has the inputs and outputs of the signature.
        signature: see `DecoderSignature`.
        device: the graph's.
    """

    def __init__(self, graph: Graph, signature: DecoderSignature, device: torch.device = CPU) -> None:
        self._graph = graph
        self._signature = signature
        self._device = device
        self._rows = self._no_rows()

    @torch.inference_mode()
    def open(self, tokens: Sequence[int]) -> Prompt[Rows]:
        """See `Decoder`."""
        rows = self._no_rows()
        rows.add_empty()
        return Prompt(tokens, rows)

    def read(self, prompt: Prompt[Rows], most: int) -> torch.Tensor | None:
        """See `Decoder`."""
        logits = self._run([prompt.take(most)], prompt.cache)
        return None if prompt.left else logits[0]

    def read_together(self, prompts: Sequence[Prompt[Rows]]) -> list[torch.Tensor]:
        """See `Decoder`; one call per prompt, since a graph reads the same number of tokens in every row."""
        return [self._run([prompt.take(len(prompt))], prompt.cache)[0] for prompt in prompts]

    @torch.inference_mode()
    def join(self, prompt: Prompt[Rows]) -> None:
        """See `Decoder`; copies the prompt's keys and values into the last row."""
        self._rows.add(prompt.cache.held(), len(prompt))

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """See `Decoder`."""
        return self._run([[token] for token in tokens], self._rows)

    @torch.inference_mode()
    def leave(self, row: int) -> None:
        """See `Decoder`; dropping the last row frees the memory."""
        self._rows.remove(row)

    @property
    def columns(self) -> int:
        """Positions allocated per row."""
        return self._rows.columns

    def clear(self) -> None:
        """Drop all rows and their memory."""
        self._rows.clear()

    def _no_rows(self) -> Rows:
        return Rows([RowLayer(keys, values) for keys, values in self._signature.empty_layers(self._device)])

    @torch.inference_mode()
    def _run(self, tokens: Sequence[Sequence[int]], rows: Rows) -> torch.Tensor:
        """Read the same number of tokens in every row; returns the logits [rows, vocabulary], float32 on the CPU.

        Raises:
            ValueError: the graph does not accept them; compiled code would crash the process.
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
            raise ValueError(f"a row would have {longest} tokens; this model takes at most {positions}")
        wrong = next((token for row in tokens for token in row if not 0 <= token < vocabulary), None)
        if wrong is not None:
            raise ValueError(f"token id {wrong} is out of range; this model takes 0 to {vocabulary - 1}")

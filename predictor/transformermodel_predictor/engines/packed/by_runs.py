"""Attention run by run, for inference: sequences of equal length at once, without copying the row."""

import torch
from torch.nn.functional import scaled_dot_product_attention

from transformermodel_predictor.engines.packed.attention_call import AttentionCall, band
from transformermodel_predictor.engines.packed.layout import Layout

_WHOLE_KEYS = 16
"""Number of keys whose softmax PyTorch's CPU attention computes in whole registers; the remainder goes one by one."""


def by_runs(call: AttentionCall, layout: Layout) -> torch.Tensor:
    """[1, total, heads, width], with zeros for the filling; or [1, sequences, heads, width] for first tokens."""
    tensors = (call.query, call.key, call.value, layout.run_table())
    return attended(*tensors, call.scaling, call.window, call.first_alone)


def attended(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    runs: torch.Tensor,
    scaling: float | None,
    window: int | None,
    first_alone: bool,
    whole_keys: int = _WHOLE_KEYS,
) -> torch.Tensor:
    """See `by_runs`. This and what it calls is also compiled by torch.jit, so it has only what TorchScript knows.

    Args:
        query: see `AttentionCall`, as the next two and the three after runs.
        key: shaped like the query.
        value: shaped like the query.
        runs: see `Layout.run_table`.
        scaling: factor of the scores.
        window: number of positions that a token sees to each side.
        first_alone: whether only first tokens are wanted.
        whole_keys: numbers of keys that are fast to compute on a CPU are multiples of this; TorchScript knows no
            constants of a module.
    """
    total = query.size(2)
    rows = int(runs[:, 2].sum()) if first_alone else total
    output = torch.zeros([1, rows, query.size(1), query.size(3)], dtype=query.dtype, device=query.device)
    multiple = whole_keys if query.device.type == "cpu" and window is None else 1
    longest = int(runs[:, 1].max())
    edge = _edge(longest, multiple, query)
    table: list[list[int]] = runs.tolist()
    done = 0
    for run in table:
        start, length, count = run[0], run[1], run[2]
        queries = 1 if first_alone else length
        keys = keys_of(length, multiple, total - start - length * (count - 1))
        of_run = scaled_dot_product_attention(
            _batch(query, start, length, count, queries),
            _batch(key, start, length, count, keys),
            _batch(value, start, length, count, keys),
            attn_mask=_seen(length, keys, window, queries, edge[longest - length :]),
            scale=scaling,
        ).transpose(1, 2)
        output.narrow(1, done, count * queries).view(of_run.shape).copy_(of_run)
        done += count * queries
    return output


def keys_of(length: int, multiple: int, room: int) -> int:
    """Number of keys for which a token's scores are computed: those of its sequence, rounded up to a multiple.

    An odd number of keys takes up to twice as long as a round one, so the neighbour's keys are included and masked.
    NaNs in them would pass the mask; the engine takes care of that.

    Args:
        length: tokens of the sequence.
        multiple: numbers of keys that are fast to compute are multiples of this.
        room: tokens from the start of the run's last sequence to the end of the row; if the multiple does not fit,
            nothing is rounded up.
    """
    whole = (length + multiple - 1) // multiple * multiple
    return whole if whole <= room else length


def _edge(longest: int, multiple: int, query: torch.Tensor) -> torch.Tensor:
    """What is added to the scores of a sequence's keys, 0, and of those that follow, -inf: [longest + multiple].

    The end of it serves for shorter sequences, so that a row needs only one.
    """
    seen = torch.arange(longest + multiple, device=query.device) < longest
    return seen.to(query.dtype).log()  # TorchScript's text knows no infinite number


def _seen(length: int, keys: int, window: int | None, queries: int, edge: torch.Tensor) -> torch.Tensor | None:
    """Mask of the keys that the wanted tokens of a sequence see; None if they see all.

    Either float [1, 1, 1, keys], to be added to the scores, or bool [queries, keys]. Only without a window are there
    more keys than tokens.

    Args:
        length: tokens of the sequence.
        keys: number of keys.
        window: number of positions that a token sees to each side.
        queries: number of wanted tokens.
        edge: see `_edge`, from where `length` zeros are left.
    """
    if keys > length:
        return edge[:keys].view(1, 1, 1, keys)
    if window is not None and length > window:
        return band(length, window, edge.device)[:queries]
    return None


def _batch(tensor: torch.Tensor, start: int, length: int, count: int, tokens: int) -> torch.Tensor:
    """A run of [1, heads, total, width] as [sequences, heads, tokens, width], without copying.

    Args:
        tensor: of the whole row.
        start: the run's first token.
        length: tokens per sequence.
        count: number of sequences.
        tokens: tokens to take of each sequence; if it has fewer, those after it are included.
    """
    of_token = tensor.stride(2)
    return tensor.as_strided(
        [count, tensor.size(1), tokens, tensor.size(3)],
        [length * of_token, tensor.stride(1), of_token, tensor.stride(3)],
        tensor.storage_offset() + start * of_token,
    )

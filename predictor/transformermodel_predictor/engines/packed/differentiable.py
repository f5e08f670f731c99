"""Attention for passes whose gradients are taken."""

import torch
from torch.nn.functional import scaled_dot_product_attention

from transformermodel_predictor.engines.packed.attention_call import AttentionCall
from transformermodel_predictor.engines.packed.layout import Layout


def differentiable(call: AttentionCall, layout: Layout) -> torch.Tensor:
    """The whole row, split into runs of equal length in one operation and joined in one: [1, tokens, heads, width].

    The gradient of each separate slice would be a row of zeros with one piece in it, and all would be added up.
    """
    runs = layout.runs
    sizes = [run.stop - run.start for run in runs]
    cut = (torch.split(tensor.squeeze(0), sizes, dim=1) for tensor in (call.query, call.key, call.value))
    attended = []
    for run, *parts in zip(runs, *cut, strict=True):
        query, key, value = (part.unflatten(1, (-1, run.length)).transpose(0, 1) for part in parts)
        query = query[:, :, : call.queries_in(run)]
        mask, scale = call.seen_in(run), call.scaling
        attended.append(scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale))
    rows = [of_run.transpose(1, 2).flatten(0, 1) for of_run in attended]
    return (rows[0] if len(rows) == 1 else torch.cat(rows)).unsqueeze(0)

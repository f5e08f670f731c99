"""Attention masks of a model's layers: full, or with a sliding window."""

import torch
from transformers import PreTrainedModel

SLIDING = "sliding_attention"
FULL = "full_attention"


class Windows:
    """Builds the attention masks of a model.

    Args:
        model: its configuration tells the window size and the kinds of layers; masks have its dtype.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        configuration = model.config.get_text_config()
        self._dtype = model.dtype
        self._window: int | None = getattr(configuration, "sliding_window", None)
        kinds = getattr(configuration, "layer_types", None) or [SLIDING]
        self._kinds = sorted(set(kinds)) if self._window else [FULL]

    def masks(self, held: torch.Tensor, positions: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        """Additive masks, [rows, 1, tokens, columns]: a single one, or one per kind of layer if there are several.

        Args:
            held: position of each cache column, int64 [rows or 1, columns]; beyond all others for unused columns.
            positions: of the attending tokens, int64 [rows, tokens].
        """
        masks = {kind: self._mask(kind, held[:, None, :], positions[:, :, None]) for kind in self._kinds}
        return masks if len(masks) > 1 else masks[self._kinds[0]]

    def _mask(self, kind: str, held: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        seen = held <= positions
        if kind == SLIDING and self._window is not None:
            seen = seen & (held > positions - self._window)
        hidden = torch.finfo(self._dtype).min
        mask = torch.zeros(seen.shape, dtype=self._dtype, device=seen.device).masked_fill(~seen, hidden)
        return mask[:, None]

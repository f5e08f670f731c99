"""What the layers of a model see of the tokens before: some all of it, some a window."""

import torch
from transformers import PreTrainedModel

SLIDING = "sliding_attention"
FULL = "full_attention"


class Windows:
    """The attention masks of a model.

    Args:
        model: what its configuration says of windows, and the dtype of its masks.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        configuration = model.config.get_text_config()
        self._dtype = model.dtype
        self._window: int | None = getattr(configuration, "sliding_window", None)
        kinds = getattr(configuration, "layer_types", None) or [SLIDING]
        self._kinds = sorted(set(kinds)) if self._window else [FULL]

    def masks(self, held: torch.Tensor, positions: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        """What is added to the scores, [rows, 1, tokens, columns]: one, or by kind of layer where there are several.

        Args:
            held: int64 [rows or 1, columns], the position that each column holds; one beyond all where it holds none.
            positions: int64 [rows, tokens], those of the tokens that look.
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

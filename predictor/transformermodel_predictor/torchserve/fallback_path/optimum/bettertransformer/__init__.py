"""optimum's BetterTransformer, for handlers that were written when there was one.

It had attention computed by PyTorch's scaled_dot_product_attention, which transformers does itself since; optimum 2
has none of it. This takes its place where optimum has no such module. The folder above is a namespace, as optimum's own
is, so that an installed optimum keeps the rest.
"""

import logging
from typing import Any

_log = logging.getLogger(__name__)
_told = False


class BetterTransformer:
    """The class that handlers call."""

    @staticmethod
    def transform(model: Any, keep_original_model: bool = False, **_: object) -> Any:
        """The model with SDPA attention where its architecture can; as it is where it cannot.

        Args:
            model: of transformers.
            keep_original_model: whether the model itself is left as it is, and a copy is changed.
        """
        if keep_original_model:
            from copy import deepcopy

            model = deepcopy(model)
        try:
            model.set_attn_implementation("sdpa")
        except (AttributeError, ValueError) as error:
            _tell(f"this model keeps its own attention ({str(error).splitlines()[0]})")
        else:
            _tell("transformers' own SDPA attention takes its place")
        return model

    @staticmethod
    def reverse(bettertransformer_model: Any) -> Any:
        """The model as it is: nothing but the way in which it computes attention was changed."""
        return bettertransformer_model


def _tell(what: str) -> None:
    global _told
    if not _told:
        _told = True
        _log.warning("the handler uses BetterTransformer, which optimum no longer has: %s", what)


__all__ = ["BetterTransformer"]

"""DeepSpeed's engine, which is not supported."""

from typing import Any, NoReturn

from ts.unsupported import Unsupported

_REASON = (
    "handlers with DeepSpeed (parallelType tp) are not supported: a worker is one process. Load the model with "
    "transformers' device_map, or serve it as a TransformerModel with task TextGeneration."
)


def get_ds_engine(model: Any, ctx: Any) -> NoReturn:
    """Refused.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(_REASON)


def create_checkpoints_json(model_path: str, checkpoints_json: str) -> NoReturn:
    """Refused.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(_REASON)

"""PiPPy's pipelines, which are not supported."""

from typing import Any, NoReturn

from ts.unsupported import Unsupported

_REASON = (
    "handlers with PiPPy (parallelType pp) are not supported: a worker is one process, and PiPPy has ended. Load the "
    "model with transformers' device_map, or serve it as a TransformerModel with task TextGeneration."
)


def initialize_rpc_workers(local_rank: int, world_size: int, ctx: Any) -> NoReturn:
    """Refused.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(_REASON)


def get_pipeline_driver(model: Any, world_size: int, ctx: Any) -> NoReturn:
    """Refused.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(_REASON)

"""NVIDIA DALI's pipelines, which are not supported."""

from typing import Any, NoReturn

from ts.unsupported import Unsupported


def get_dali_pipeline(ctx: Any) -> NoReturn:
    """Refused.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(
        "handlers with NVIDIA DALI are not supported: prepare images with torchvision, as image_classifier does"
    )

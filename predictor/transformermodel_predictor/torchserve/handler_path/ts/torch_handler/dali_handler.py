"""The base of handlers with NVIDIA DALI, which are not supported."""

from abc import ABC
from typing import Any

from ts.handler_utils.preprocess.dali import get_dali_pipeline
from ts.torch_handler.base_handler import BaseHandler


class DALIHandler(BaseHandler, ABC):
    """Can be subclassed, but raises Unsupported when loaded."""

    def initialize(self, context: Any) -> None:
        """Refused.

        Raises:
            Unsupported: always.
        """
        get_dali_pipeline(context)

"""The base of handlers with DeepSpeed, which are not supported."""

from abc import ABC
from typing import Any

from ts.handler_utils.distributed.deepspeed import get_ds_engine
from ts.torch_handler.base_handler import BaseHandler


class BaseDeepSpeedHandler(BaseHandler, ABC):
    """Can be derived from, and says when it is loaded that it cannot be run."""

    def initialize(self, context: Any) -> None:
        """Refused.

        Raises:
            Unsupported: always.
        """
        get_ds_engine(None, context)

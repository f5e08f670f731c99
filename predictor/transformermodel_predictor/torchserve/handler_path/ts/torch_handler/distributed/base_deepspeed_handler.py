"""The base of handlers with DeepSpeed, which are not supported."""

from abc import ABC
from typing import Any

from ts.handler_utils.distributed.deepspeed import get_ds_engine
from ts.torch_handler.base_handler import BaseHandler


class BaseDeepSpeedHandler(BaseHandler, ABC):
    """Can be subclassed, but raises Unsupported when loaded."""

    def initialize(self, context: Any) -> None:
        """Refused.

        Raises:
            Unsupported: always.
        """
        get_ds_engine(None, context)

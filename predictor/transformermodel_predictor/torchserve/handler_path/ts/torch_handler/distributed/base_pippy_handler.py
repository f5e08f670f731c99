"""The base of handlers with Pippy, which are not supported."""

from abc import ABC
from typing import Any

from ts.handler_utils.distributed.pt_pippy import initialize_rpc_workers
from ts.torch_handler.base_handler import BaseHandler


class BasePippyHandler(BaseHandler, ABC):
    """Can be subclassed, but raises Unsupported when loaded."""

    def initialize(self, context: Any) -> None:
        """Refused.

        Raises:
            Unsupported: always.
        """
        initialize_rpc_workers(0, 1, context)

"""The handler `trt_llm_handler`, which is not supported."""

from typing import Any

from ts.torch_handler.base_handler import BaseHandler
from ts.unsupported import Unsupported


class TRTLLMHandler(BaseHandler):
    """Can be subclassed, but raises Unsupported when loaded."""

    def initialize(self, context: Any) -> None:
        """Refused.

        Raises:
            Unsupported: always.
        """
        raise Unsupported(
            "trt_llm_handler is not supported: serve the model as a TransformerModel with task TextGeneration, "
            "which batches continuously and answers OpenAI's URLs"
        )

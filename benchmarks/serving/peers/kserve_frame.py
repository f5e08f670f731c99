"""KServe's own frame around a model that does nothing.

python -m benchmarks.serving.peers.kserve_frame PORT
"""

import sys
from collections.abc import Mapping

import uvicorn
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer


class Noop(Model):
    """Answers every text with one label."""

    async def predict(
        self,
        payload: InferRequest,
        headers: Mapping[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> InferResponse:
        """The same answer for every row."""
        rows = len(payload.inputs[0].data)
        outputs = [
            InferOutput("label", [rows], "BYTES", ["POSITIVE"] * rows),
            InferOutput("score", [rows], "FP32", [0.5] * rows),
        ]
        return InferResponse(response_id="1", model_name=self.name, infer_outputs=outputs)


def _on_loopback() -> None:
    """KServe's frame listens on all interfaces and has no option for another host."""
    configure = uvicorn.Config.__init__

    def on_loopback(self: uvicorn.Config, *arguments: object, **options: object) -> None:
        configure(self, *arguments, **{**options, "host": "127.0.0.1"})  # type: ignore[arg-type]

    uvicorn.Config.__init__ = on_loopback  # type: ignore[method-assign]


if __name__ == "__main__":
    port = int(sys.argv.pop())
    _on_loopback()
    model = Noop("noop")
    model.ready = True
    ModelServer(http_port=port, enable_grpc=False, access_log_format=None, enable_latency_logging=False).start([model])

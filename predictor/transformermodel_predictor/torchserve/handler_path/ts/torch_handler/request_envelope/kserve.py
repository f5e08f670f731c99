"""The envelope `kserve`, KServe's first protocol: `{"instances": [...]}` to `predictions` or `explanations`."""

from typing import Any

from ts.torch_handler.request_envelope.rows_envelope import RowsEnvelope, instances_of


class KServeEnvelope(RowsEnvelope):
    """Rows are instances: mostly objects with `data`, and `target` if an explanation is requested."""

    def read(self, index: int, body: Any) -> list[Any]:
        """The instances of a request."""
        return instances_of(body)

    def write(self, index: int, answers: list[Any]) -> dict[str, list[Any]]:
        """The answers to a request's instances."""
        return {"explanations" if self.is_explanation(index) else "predictions": answers}

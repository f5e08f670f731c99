"""The envelope `kservev2`, KServe's second protocol: tensors in and out."""

from collections.abc import Sequence
from typing import Any

from ts.torch_handler.request_envelope.rows_envelope import InvalidRequest, RowsEnvelope
from ts.torch_handler.request_envelope.tensors import TEXTS, leaves, shaped, tensor


class KServev2Envelope(RowsEnvelope):
    """Rows are inputs: objects with `name`, `shape`, `datatype`, and `data`, the values in nested lists.

    A BYTES input becomes one row per text, with the text as `data`. Every input is answered by an output of the same
    name. Of the request's `parameters`, `target` is added to the row, and `explain` asks for an explanation.
    """

    def parse_input(self, data: Sequence[Any]) -> list[Any]:
        """The rows of all requests, in order."""
        self._inputs: dict[int, list[tuple[str, int]]] = {}
        self._ids: dict[int, str] = {}
        self._explained: set[int] = set()
        return super().parse_input(data)

    def read(self, index: int, body: Any) -> list[Any]:
        """The rows of a request's inputs."""
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or not all(isinstance(input_, dict) for input_ in inputs):
            raise InvalidRequest("the body must be an object with a list `inputs` of tensors")
        parameters = body.get("parameters") or {}
        rows = [_rows(input_, parameters) for input_ in inputs]
        self._inputs[index] = [(str(input_["name"]), len(found)) for input_, found in zip(inputs, rows, strict=True)]
        self._ids[index] = str(body.get("id") or self.context.get_request_id(index) or "")
        if self.is_explanation(index) or parameters.get("explain") in (True, "true", "True"):
            self._explained.add(index)
        return [row for found in rows for row in found]

    def ask(self, rows: Sequence[Any]) -> list[Any]:
        """Call the handler on all rows, separately for those to be explained."""
        answers: list[Any] = [None] * len(rows)
        for explained in (False, True):
            chosen = [row for row, origin in enumerate(self._origins) if (origin in self._explained) is explained]
            origins = [self._origins[row] for row in chosen]
            if explained:
                self._mark_explained(origins)
            for row, answer in zip(chosen, self._asked([rows[row] for row in chosen], origins), strict=True):
                answers[row] = answer
        return answers

    def _mark_explained(self, origins: Sequence[int]) -> None:
        for origin in set(origins):
            if self.context.request_processor:
                self.context.request_processor[origin].get_request_properties()["explain"] = "True"

    def write(self, index: int, answers: list[Any]) -> dict[str, Any]:
        """The outputs that answer a request's inputs."""
        model = (self.context.manifest or {}).get("model") or {}
        given = iter(answers)
        outputs = [tensor(name, [next(given) for _ in range(rows)]) for name, rows in self._inputs[index] if rows]
        return {
            "id": self._ids[index],
            "model_name": self.context.model_name or model.get("modelName"),
            "model_version": model.get("modelVersion") or "1.0",
            "outputs": outputs,
        }


def _rows(input_: dict[str, Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an input.

    Raises:
        InvalidRequest: a field is missing, or the number of values does not match the shape.
    """
    for key in ("name", "shape", "datatype", "data"):
        if key not in input_:
            raise InvalidRequest(f"an input has no {key}; binary data cannot be read by this handler")
    shape = input_["shape"]
    if not isinstance(shape, list) or not all(isinstance(size, int) for size in shape):
        raise InvalidRequest(f"the shape of the input {input_['name']} must be a list of whole numbers, not {shape!r}")
    own = {**parameters, **(input_.get("parameters") or {})}
    extra = {"target": own["target"]} if "target" in own else {}
    values = shaped(input_["name"], shape, input_["data"])
    if input_["datatype"] != TEXTS:
        return [{**input_, **extra, "data": values}]
    texts = list(leaves(values))
    of_text = shape if len(texts) == 1 else [1]
    return [{**input_, **extra, "shape": of_text, "data": text} for text in texts]

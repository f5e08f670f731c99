"""The entry point of a packed artifact in TorchServe, named `artifact_handler:handle` in its manifest.

This file is copied into archives. It only passes TorchServe's arguments on to the installed package.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.answering import PackedModel

_models: dict[str, PackedModel] = {}


def handle(rows: Sequence[Mapping[str, Any]] | None, context: Any) -> list[Any] | None:  # noqa: ANN401 - TorchServe's
    """Load the model in the first call, which has no rows; in others answer the rows, or explain them on request."""
    directory = context.system_properties["model_dir"]
    if directory not in _models:
        _models[directory] = PackedModel.load(Path(directory) / "artifact")
    if rows is None:
        return None
    explained = [context.get_request_header(index, "explain") == "True" for index in range(len(rows))]
    answers = _models[directory].answer(rows, explained)
    for index, answer in enumerate(answers):
        context.set_response_content_type(index, answer.content_type)
        if answer.status != 200:
            context.set_response_status(code=answer.status, phrase=answer.phrase, idx=index)
    return [answer.body for answer in answers]

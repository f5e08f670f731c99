"""TorchServe's generalized handler for transformers, for archives that name it and for handlers derived from it.

Its answers are those of TorchServe's, without the mistakes: labels, pairs of tokens and labels, parts of the context,
texts. Its settings are in the archive's model-config.yaml (`handler`). A derived handler may override any method alone,
because the methods pass on the same values as TorchServe's.
"""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import torch

from transformermodel_predictor.tasks.ancestor import write_answer
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.torchserve.ancestor.batch import (
    Refused,
    Row,
    questions_in,
    read_rows,
    tensors_of,
    text_and_target,
)
from transformermodel_predictor.torchserve.ancestor.insights import options_of, write_insights
from transformermodel_predictor.torchserve.ancestor.loading import Loaded, load_archived
from transformermodel_predictor.torchserve.ancestor.mapping import mapping_of
from transformermodel_predictor.torchserve.ancestor.material import Archived
from transformermodel_predictor.torchserve.ancestor.module_functions import (
    captum_sequence_forward,
    construct_input_ref,
    get_word_token,
    summarize_attributions,
)
from transformermodel_predictor.torchserve.ancestor.replaced import with_model, with_tokenizer
from transformermodel_predictor.torchserve.ancestor.rows import read_row
from transformermodel_predictor.torchserve.ancestor.setup import Setup, read_setup
from transformermodel_predictor.torchserve.ancestor.task_model import EncodedQuestion, TaskModel
from ts.torch_handler.base_handler import BaseHandler
from ts.torch_handler.devices import choose_device

__all__ = [
    "TransformersSeqClassifierHandler",
    "captum_sequence_forward",
    "construct_input_ref",
    "get_word_token",
    "summarize_attributions",
]

logger = logging.getLogger(__name__)

_TRUNCATED = "x-truncated-tokens"
"""The header that says how many tokens of a text the model did not see."""


class TransformersSeqClassifierHandler(BaseHandler):
    """Classification of texts and of tokens, question answering and text generation, as `handler.mode` says.

    Attributes:
        setup_config: the section `handler` of model-config.yaml, with all keys.
        tokenizer: the model's tokenizer.
        mapping: names of the classes by index, as text; None if there are none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setup_config: dict[str, Any] | None = None
        self.initialized = False
        self.tokenizer: Any = None
        self._setup: Setup | None = None
        self._loaded: Loaded | None = None
        self._own: tuple[Any, Any, TaskModel] | None = None
        self._rows: list[Row] = []

    def initialize(self, ctx: Any) -> None:
        """Load the archive's model; files that it lacks come from the hub, by its `model_name`.

        Raises:
            TransformerModelError: the model cannot be loaded; the message says why, in one line.
        """
        properties = ctx.system_properties
        folder = Path(properties["model_dir"])
        self.context, self.manifest, self.model_yaml_config = ctx, ctx.manifest, ctx.model_yaml_config or {}
        self._setup = read_setup(self.model_yaml_config, folder)
        self.setup_config = dict(self._setup.values)
        placement = choose_device(properties.get("gpu_id"))
        self.map_location, self.device = placement.map_location, placement.device
        named = (ctx.manifest or {}).get("model", {})
        archived = Archived(folder, ctx.model_name or named.get("modelName", folder.name), named.get("serializedFile"))
        self._loaded = load_archived(archived, self._setup, placement.device)
        self.model, self.tokenizer = self._loaded.module, self._loaded.answering.tokenizer
        self.mapping = mapping_of(self._loaded.labels)
        self.initialized = True

    def handle(self, data: Any, context: Any) -> Any:
        """Answer the rows of a batch; an invalid row gets status 400 and does not affect the others."""
        self._rows = []
        answers = super().handle(data, context)
        return self._with_refusals(answers, context) if isinstance(answers, list) else answers

    def preprocess(self, requests: Sequence[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokenize the rows together.

        Args:
            requests: rows with a text, JSON, a literal or form fields as `data` or `body`.

        Returns:
            Token ids and attention mask, int64 [rows, longest], on the handler's device.
        """
        answering = self._answering()
        self._rows = read_rows(answering, requests)
        ids, mask = tensors_of(answering, self._rows, self._require_loaded().length)
        return ids.to(self.device), mask.to(self.device)

    def inference(self, input_batch: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """The answer to each row: a label, pairs of tokens and labels, a part of the context, or a text.

        Args:
            input_batch: token ids and attention mask, from `preprocess` or from a derived handler.
            args: not used.
            kwargs: not used.
        """
        answering = self._answering()
        asked = questions_in(answering, self._rows, input_batch)
        answers = iter(answering.answer(there) if (there := [one for one in asked if one is not None]) else [])
        return ["" if one is None else _written(answering, one, next(answers)) for one in asked]

    def postprocess(self, inference_output: Any) -> Any:
        """The answers as they are."""
        return inference_output

    def explain_handle(self, data_preprocess: Any, raw_data: Sequence[Any]) -> list[Any]:
        """Explain each row."""
        found: list[Any] = []
        for index, request in enumerate(raw_data):
            if index < len(self._rows) and isinstance(self._rows[index], Refused):
                found.append("")
                continue
            row = tuple(tensor[index : index + 1] for tensor in data_preprocess)
            try:
                insights = self.get_insights(row, *text_and_target(request))
            except InvalidQuestion as error:
                self._refuse(index, str(error))
                insights = [""]
            found += insights if isinstance(insights, list) else [insights]
        return found

    def get_insights(self, input_batch: Any, text: Any, target: Any) -> list[Any]:
        """The importance of each token of a text for its answer.

        Args:
            input_batch: token ids and attention mask of one row.
            text: the text as sent, JSON, or a literal such as `{"text": ..., "target": ...}`.
            target: the target if the text names none; the answer itself if neither does.

        Returns:
            One element: `words`, `importances` and `delta`.

        Raises:
            InvalidQuestion: explanations are turned off, or there is no such target.
        """
        setup, answering = self._require_setup(), self._answering()
        if not setup.configuration.captum_explanation:
            raise InvalidQuestion(
                "answers of this model are not explained: handler.captum_explanation is not true in model-config.yaml"
            )
        asked = read_row(answering.task, {"data": text} | ({} if target is None else {"target": target}))
        (row,) = answering.encode([asked.question])
        options = options_of(setup.steps, differentiable=answering.differentiable is not None)
        explained = answering.explain(row, asked.target, options)
        return [write_insights(answering.task.name, explained)]

    def _with_refusals(self, answers: list[Any], context: Any) -> list[Any]:
        """The answers, with the messages and statuses of refused rows, and headers for truncated ones."""
        reachable = bool(getattr(context, "request_processor", None))
        for index, row in enumerate(self._rows[: len(answers)]):
            if isinstance(row, Refused):
                answers[index] = row.message
                if reachable:
                    context.set_response_status(HTTPStatus.BAD_REQUEST.value, HTTPStatus.BAD_REQUEST.phrase, index)
            elif row.truncated and reachable:
                context.set_response_header(index, _TRUNCATED, str(row.truncated))
        return answers

    def _refuse(self, index: int, message: str) -> None:
        self._rows += [Refused("")] * (index + 1 - len(self._rows))
        self._rows[index] = Refused(message)

    def _answering(self) -> TaskModel:
        """The archive's model, with the model or tokenizer that a derived handler has assigned."""
        loaded = self._require_loaded()
        if self._own is not None and self._own[0] is self.model and self._own[1] is self.tokenizer:
            return self._own[2]
        answering = loaded.answering
        if self.tokenizer is not answering.tokenizer:
            answering = with_tokenizer(answering, self.tokenizer)
        if self.model is not loaded.module:
            answering = with_model(answering, self.model, self._require_setup().configuration.max_length)
        self._own = (self.model, self.tokenizer, answering)
        return answering

    def _require_loaded(self) -> Loaded:
        if self._loaded is None:
            raise RuntimeError("initialize(context) comes before everything else")
        return self._loaded

    def _require_setup(self) -> Setup:
        if self._setup is None:
            raise RuntimeError("initialize(context) comes before everything else")
        return self._setup


def _written(answering: TaskModel, asked: EncodedQuestion, fields: Any) -> Any:
    return dict(fields) if asked.detailed else write_answer(answering.task.name, fields)

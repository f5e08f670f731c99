"""The model as transformers runs it: safetensors, PyTorch, padded batches."""

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Attention, DeviceMap, Precision
from transformermodel_predictor.artifact.compilation import Compilation
from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.engines.buckets import Buckets
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.engines.fewest import fewest_tokens
from transformermodel_predictor.engines.global_attention import (
    GLOBAL_ATTENTION_MASK,
    counts_separators,
    global_attention,
)
from transformermodel_predictor.engines.linears import can_prepack, prepack
from transformermodel_predictor.engines.mapping import stay_in_files
from transformermodel_predictor.engines.padding import pad_token_of, padding_is_hidden
from transformermodel_predictor.engines.precision import dtype_of
from transformermodel_predictor.engines.quantization import quantize, require_cpu
from transformermodel_predictor.engines.tiles import Tiles, tile_of
from transformermodel_predictor.pretrained import listed, load_pretrained, load_pretrained_tokenizer, one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs, Task

_log = logging.getLogger(__name__)

CPU = torch.device("cpu")

_Row = TypeVar("_Row")

_ATTENTION = {Attention.SDPA: "sdpa", Attention.Eager: "eager"}


def load_for_task(directory: Path, task: Task[Any, Any], **settings: Any) -> PreTrainedModel:  # noqa: ANN401
    """Load the weights in a folder, with the task's head, in float32 on the CPU unless the settings say otherwise.

    Args:
        directory: holds config.json and safetensors.
        task: determines the head.
        settings: further arguments of `from_pretrained`.

    Raises:
        PreparationFailed: the folder has no safetensors, an unsuitable architecture, or weights without the head.
    """
    try:
        loaded = load_pretrained(directory, task.auto_class, **settings)
    except OSError as error:
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{one_line(error)}.") from error
    except ValueError as error:
        raise PreparationFailed(FailureReason.UnsupportedArchitecture, f"{one_line(error)}.") from error
    if loaded.absent:
        named = [f"{name} ({reason})" for name, reason in sorted(loaded.absent.items())]
        raise PreparationFailed(FailureReason.WeightsMismatch, f"{directory} does not fit the task: {listed(named)}.")
    task.require_fit(loaded.model.config)
    return loaded.model


class PretrainedEngine:
    """A transformers model with its architecture's fastest attention (SDPA), unless another is configured.

    Args:
        model: in evaluation mode, as `from_pretrained` returns it.
        shapes: shapes that batches are padded to, for models compiled for each shape; any shape when None.

    Attributes:
        model: the model that runs.
    """

    padding_free = False

    def __init__(self, model: PreTrainedModel, shapes: Buckets | Tiles | None = None) -> None:
        self.model = model
        self._forward: Callable[..., Any] = model
        self._shapes = shapes
        self._pad_token = pad_token_of(model)
        self._filler = self._pad_token or 0
        self._accepted = frozenset(inspect.signature(model.forward).parameters)
        self._counts_separators = counts_separators(model)
        self._fewest = fewest_tokens(model)

    @classmethod
    def load(
        cls,
        directory: Path,
        task: Task[Any, Any],
        precision: Precision = Precision.Float32,
        device: torch.device = CPU,
        execution: Execution = Execution(),  # noqa: B008 - immutable
        *,
        prepacked: bool = False,
    ) -> Self:
        """Load the weights in a folder, with the task's head; compile and warm up if requested.

        Args:
            directory: holds config.json and safetensors.
            task: determines the head.
            precision: of weights and arithmetic.
            device: device to run on.
            execution: how transformers runs the model.
            prepacked: whether linears use oneDNN's weight layout where available: generating a token then takes two
                thirds of the time, but results are not exactly those of transformers.

        Raises:
            PreparationFailed: the folder has no safetensors, an unsuitable architecture, or weights without the head,
                or the model cannot run as requested.
        """
        if precision is Precision.Int8:
            require_cpu(device)
        model = load_for_task(directory, task, **_settings(precision, execution))
        if execution.device_map is DeviceMap.Single:
            torch.nn.Module.to(model, device)  # transformers' own `to` is untyped
        prepacked = prepacked and precision is not Precision.Int8 and _can_prepack(model)
        engine = cls(model, _shapes(model, execution, prepacked=prepacked))
        engine.try_padding()
        if precision is Precision.Int8:
            quantize(model)
        elif model.device.type == "cpu":
            if prepacked:
                prepack(model)
            stay_in_files(model, directory.glob("*.safetensors"))  # the trial has read all their pages
        if execution.compilation is None:
            return engine
        tokenizer = load_pretrained_tokenizer(directory, trust_remote_code=execution.trust_remote_code)
        engine.compile(execution.compilation, tokenizer.model_input_names)
        return engine

    def try_padding(self) -> None:
        """Try whether padding changes the model's outputs; if so, run rows one at a time from now on."""
        unfilled = PretrainedEngine(self.model)  # this engine may pad even a single row
        if self._pad_token is not None and not padding_is_hidden(unfilled.run, self.model):
            _log.warning("%s is run one row after another: padding changes what it gives", type(self.model).__name__)
            self._pad_token = None

    def compile(self, compilation: Compilation, features: Sequence[str] = ("input_ids",)) -> None:
        """Compile the model and run every shape it will see, so that no request waits for the compiler.

        Args:
            compilation: arguments of torch.compile.
            features: names of the tokenizer's outputs; the model is compiled anew for each set of them.

        Raises:
            PreparationFailed: UnsupportedForm, the backend does not exist.
        """
        try:
            self._forward = torch.compile(
                self.model, backend=compilation.backend, mode=_mode(compilation), dynamic=True
            )
        except torch._dynamo.exc.InvalidBackend as error:
            raise PreparationFailed(
                FailureReason.UnsupportedForm, f"torch.compile cannot use the backend {compilation.backend!r} here."
            ) from error
        if not isinstance(self._shapes, Buckets):
            return
        for rows, length in self._shapes:
            self.run([Encoding({name: [0] * length for name in features})] * rows)

    @torch.inference_mode()
    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """Run one forward pass over the batch, padded on the right."""
        if not batch:
            return []
        return [outputs for part in self._passes(batch) for outputs in self._pass(part)]

    def computed(self, lengths: Sequence[int]) -> int:
        """Number of tokens that a step with rows of these lengths computes, including those that fill a shape."""
        shapes = (self._shape(len(part), max(part)) for part in self._passes(lengths))
        return sum(rows * longest for rows, longest in shapes)

    def _pass(self, batch: Sequence[Encoding]) -> list[Outputs]:
        output = self._forward(**self._padded(batch))
        tensors = {name: value.float().cpu() for name, value in output.items() if isinstance(value, torch.Tensor)}
        return [{name: value[row] for name, value in tensors.items()} for row in range(len(batch))]

    def _passes(self, rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
        """The rows of each pass."""
        most = self._most_rows() or len(rows)
        return (rows[first : first + most] for first in range(0, len(rows), most))

    def _shape(self, rows: int, longest: int) -> tuple[int, int]:
        """The shape that a pass is padded to."""
        longest = max(longest, self._fewest)
        if self._shapes is None or self._pad_token is None:
            return rows, longest
        return self._shapes.around(rows, longest)

    def _most_rows(self) -> int | None:
        """Most rows per pass; one if the model cannot tell padding from text."""
        if self._pad_token is None:
            return 1
        return self._shapes.most_rows if self._shapes else None

    def _padded(self, batch: Sequence[Encoding]) -> dict[str, torch.Tensor]:
        """The batch as int64 tensors [rows, longest], with the attention mask.

        If there are shapes, rows and longest are those of the shape; extra rows repeat the first.
        """
        rows, longest = self._shape(len(batch), max(len(encoding) for encoding in batch))
        batch = [*batch, *[batch[0]] * (rows - len(batch))]
        features = {
            name: [_pad(encoding.features[name], longest, self._fill(name)) for encoding in batch]
            for name in batch[0].features
            if name in self._accepted
        }
        features["attention_mask"] = [_pad([1] * len(encoding), longest, 0) for encoding in batch]
        if self._counts_separators:
            features[GLOBAL_ATTENTION_MASK] = [_pad(global_attention(encoding), longest, 0) for encoding in batch]
        device = self.model.device
        return {name: torch.tensor(values, dtype=torch.int64, device=device) for name, values in features.items()}

    def _fill(self, feature: str) -> int:
        return self._filler if feature == "input_ids" else 0


def _shapes(model: PreTrainedModel, execution: Execution, *, prepacked: bool) -> Buckets | Tiles | None:
    """Shapes of a compiled model, or of one whose linears oneDNN compiles: on the CPU, prepacked or below float32."""
    if execution.compilation:
        return Buckets.up_to(execution.max_length)
    if model.device.type != "cpu" or (model.dtype is torch.float32 and not prepacked):
        return None
    return Tiles(tile_of(model.dtype), min(execution.max_length, model_limit(model) or execution.max_length))


def _can_prepack(model: PreTrainedModel) -> bool:
    return model.device.type == "cpu" and can_prepack(model.dtype)


def _settings(precision: Precision, execution: Execution) -> dict[str, Any]:
    """Arguments of `from_pretrained`."""
    settings: dict[str, Any] = {"dtype": torch.float32 if precision is Precision.Int8 else dtype_of(precision)}
    settings["trust_remote_code"] = execution.trust_remote_code
    if execution.attention in _ATTENTION:
        settings["attn_implementation"] = _ATTENTION[execution.attention]
    if execution.device_map is not DeviceMap.Single:
        settings["device_map"] = execution.device_map.value.lower()
    return settings


def _mode(compilation: Compilation) -> str | None:
    """The mode; backends other than inductor have none."""
    return compilation.mode if compilation.backend == "inductor" else None


def _pad(values: Sequence[int], length: int, fill: int) -> list[int]:
    return [*values, *[fill] * (length - len(values))]

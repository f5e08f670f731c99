"""model-config.yaml, in the format of TorchServe's generalized handler."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from transformermodel_api.preparation import Attention, DeviceMap
from transformermodel_predictor.artifact.compilation import PT2, read_pt2
from transformermodel_predictor.artifact.generation import (
    GenerationDefaults,
    generation_of_torchserve,
    read_generation,
)
from transformermodel_predictor.artifact.sections import Section

CONFIGURATION_FILE = "model-config.yaml"

MULTI_LABEL = "multi_label_classification"

_GENERATION_MODE = "text_generation"


@dataclass(frozen=True)
class ModelConfiguration:
    """The sections `handler` and `pt2` of model-config.yaml; the field defaults apply to absent keys.

    Attributes:
        mode: the task, such as `sequence_classification`.
        max_length: longest input, in tokens.
        do_lower_case: whether text is lower-cased; the stored tokenizer does it already.
        num_labels: number of classes; None where it is not given, 0 for tasks without classes.
        save_mode: form of the weights: TorchServe's `pretrained` and `torchscript`, and our `exported` and `onnx`.
        model_name: where TorchServe looks for a tokenizer if it finds no vocab file; `.` is the model's own folder.
        captum_explanation: whether explanations are prepared.
        embedding_name: attribute of the model with the embeddings. No effect: they are found in the model.
        better_transformer: sets `attention` to SDPA, which took its place. No other effect.
        model_parallel: sets `device_map` to Auto, which took its place. No other effect.
        engine: what runs Pretrained weights: `packed`, else transformers.
        precision: precision of the forward pass, if it is not `float32`.
        hardware: `neuron` or `neuronx` for weights compiled for it; otherwise the machine's own device.
        batch_size: rows of every batch, for hardware whose models take one batch size only.
        problem_type: `multi_label_classification` where several labels may hold at once.
        attention: how attention is computed.
        device_map: how the model is spread over several devices.
        trust_remote_code: whether Python files beside the weights may run; set only if the manifest allows it.
        generation: how text is generated; None for the other tasks.
        pt2: how the model is compiled.
    """

    mode: str = "sequence_classification"
    max_length: int = 150
    do_lower_case: bool = False
    num_labels: int | None = None
    save_mode: str = "pretrained"
    model_name: str = "."
    captum_explanation: bool = False
    embedding_name: str = "bert"
    better_transformer: bool = False
    model_parallel: bool = False
    engine: str = ""
    precision: str = ""
    hardware: str = ""
    batch_size: int = 1
    problem_type: str = ""
    attention: Attention = Attention.Auto
    device_map: DeviceMap = DeviceMap.Single
    trust_remote_code: bool = False
    generation: GenerationDefaults | None = None
    pt2: PT2 = field(default_factory=PT2)

    @property
    def multi_label(self) -> bool:
        """Whether several labels may hold at once."""
        return self.problem_type == MULTI_LABEL

    def text(self) -> str:
        """The content of model-config.yaml: keys that TorchServe's handler requires, others if not at their default."""
        handler = {
            "mode": self.mode,
            "max_length": self.max_length,
            "do_lower_case": self.do_lower_case,
            **({} if self.num_labels is None else {"num_labels": self.num_labels}),
            "save_mode": self.save_mode,
            "model_name": self.model_name,
            "captum_explanation": self.captum_explanation,
            "embedding_name": self.embedding_name,
            "BetterTransformer": self.better_transformer,
            "model_parallel": self.model_parallel,
            **self._further(),
        }
        document = {"handler": handler} | ({"pt2": pt2} if (pt2 := self.pt2.section()) else {})
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)

    def _further(self) -> dict[str, Any]:
        default = ModelConfiguration()
        stored = {
            "engine": (self.engine, default.engine),
            "precision": (self.precision, default.precision),
            "hardware": (self.hardware, default.hardware),
            "batch_size": (self.batch_size, default.batch_size),
            "problem_type": (self.problem_type, default.problem_type),
            "attention": (self.attention.value.lower(), default.attention.value.lower()),
            "device_map": (self.device_map.value.lower(), default.device_map.value.lower()),
            "trust_remote_code": (self.trust_remote_code, default.trust_remote_code),
            "generation": (self.generation.section() if self.generation else None, None),
        }
        return {key: value for key, (value, unsaid) in stored.items() if value != unsaid}


def read_configuration(text: str) -> ModelConfiguration:
    """Parse model-config.yaml. Unknown keys are ignored: they are TorchServe's or other handlers'.

    Raises:
        ValueError: the text is not YAML, or a value has the wrong type; the message names its key.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("handler", {}), Mapping):
        raise ValueError("it has no handler section")  # noqa: TRY004 - the file is wrong, not an argument
    return _read(Section.of("handler", document.get("handler", {})), read_pt2(document.get("pt2")))


def _read(handler: Section, pt2: PT2) -> ModelConfiguration:
    default = ModelConfiguration()
    mode = handler.text("mode", default.mode)
    max_length, batch_size = handler.whole("max_length", least=1), handler.whole("batch_size")
    max_length = default.max_length if max_length is None else max_length
    better_transformer, model_parallel = handler.flag("BetterTransformer"), handler.flag("model_parallel")
    return ModelConfiguration(
        mode=mode,
        max_length=max_length,
        do_lower_case=handler.flag("do_lower_case"),
        num_labels=handler.whole("num_labels"),
        save_mode=handler.text("save_mode", default.save_mode),
        model_name=handler.text("model_name", default.model_name),
        captum_explanation=handler.flag("captum_explanation"),
        embedding_name=handler.text("embedding_name", default.embedding_name),
        better_transformer=better_transformer,
        model_parallel=model_parallel,
        engine=handler.text("engine", default.engine),
        precision=handler.text("precision", default.precision),
        hardware=handler.text("hardware", default.hardware),
        batch_size=default.batch_size if batch_size is None else batch_size,
        problem_type=handler.text("problem_type", default.problem_type),
        attention=handler.choice("attention", Attention.SDPA if better_transformer else default.attention),
        device_map=handler.choice("device_map", DeviceMap.Auto if model_parallel else default.device_map),
        trust_remote_code=handler.flag("trust_remote_code"),
        generation=_generation(handler, max_length) if mode == _GENERATION_MODE else None,
        pt2=pt2,
    )


def _generation(handler: Section, max_length: int) -> GenerationDefaults:
    if "generation" not in handler:
        return generation_of_torchserve(max_length)
    return read_generation(Section.of("handler.generation", handler.values["generation"]))

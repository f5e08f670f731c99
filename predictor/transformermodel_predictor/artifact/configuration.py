"""model-config.yaml: what TorchServe's generalized handler reads, and so do we."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import yaml

CONFIGURATION_FILE = "model-config.yaml"

_SPELLING = {"better_transformer": "BetterTransformer"}


@dataclass(frozen=True)
class ModelConfiguration:
    """The `handler` section of model-config.yaml; keys that are absent have the values given here.

    Attributes:
        mode: the task, such as `sequence_classification`.
        max_length: longest input in tokens.
        do_lower_case: whether text is lower-cased; already part of the stored tokenizer.
        num_labels: number of classes.
        save_mode: form of the weights, `pretrained` or `torchscript`.
        model_name: where TorchServe looks for a tokenizer when it finds no vocab file; `.` is the model's own folder.
        captum_explanation: whether TorchServe's handler prepares explanations.
        embedding_name: attribute of the model that holds the embeddings, for explanations.
        better_transformer: of no effect any more; kept because TorchServe's handler fails without it.
        model_parallel: whether layers are spread over several devices.
    """

    mode: str = "sequence_classification"
    max_length: int = 150
    do_lower_case: bool = False
    num_labels: int = 2
    save_mode: str = "pretrained"
    model_name: str = "."
    captum_explanation: bool = False
    embedding_name: str = "bert"
    better_transformer: bool = False
    model_parallel: bool = False

    def text(self) -> str:
        """The content of model-config.yaml."""
        handler = {_key(field.name): getattr(self, field.name) for field in fields(self)}
        return yaml.safe_dump({"handler": handler}, sort_keys=False)


def read_configuration(text: str) -> ModelConfiguration:
    """Read model-config.yaml. Keys that are not ours are left to those whose they are.

    Raises:
        ValueError: the text is not YAML, or a value has the wrong type.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML ({str(error).splitlines()[0]})") from error
    handler = document.get("handler", {}) if isinstance(document, Mapping) else None
    if not isinstance(handler, Mapping):
        raise ValueError("it has no handler section")  # noqa: TRY004 - the file is wrong, not an argument
    defaults = ModelConfiguration()
    present = {field.name for field in fields(defaults) if _key(field.name) in handler}
    return ModelConfiguration(**{name: _value(handler, name, type(getattr(defaults, name))) for name in present})


def _key(name: str) -> str:
    return _SPELLING.get(name, name)


def _value(handler: Mapping[str, Any], name: str, wanted: type[Any]) -> Any:  # noqa: ANN401
    """A value of the wanted type. TorchServe's own example writes some numbers in quotes."""
    value = handler[_key(name)]
    if wanted is int and isinstance(value, str) and value.isdecimal():
        return int(value)
    if type(value) is not wanted:
        raise ValueError(f"handler.{_key(name)} must be {wanted.__name__}, not {value!r}")
    return value

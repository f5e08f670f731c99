"""GGUF files: quantised weights with their configuration and tokenizer, made float32 again."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoConfig, PreTrainedConfig
from transformers import modeling_gguf_pytorch_utils as untyped_reader

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.pretrained import Pretrained, load_state, one_line
from transformermodel_predictor.quiet import quiet

_OF_THE_FILE = ("quantization_config", "_name_or_path", "transformers_version", "architectures")
"""Configuration settings that describe the file, and not the dequantised model."""


def gguf_configuration(file: Path, origin: str) -> PreTrainedConfig:
    """The configuration in a GGUF file.

    Raises:
        PreparationFailed: UnsupportedArchitecture, transformers cannot read this one; UnsupportedSource, the file is
            damaged.
    """
    try:
        with quiet():
            found: PreTrainedConfig = AutoConfig.from_pretrained(
                file.parent, gguf_file=file.name, local_files_only=True, trust_remote_code=False
            )
    except MemoryError:
        raise
    except Exception as error:  # the reader fails in its own ways on files that are damaged
        unknown = "is not supported" in str(error)
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture if unknown else FailureReason.UnsupportedSource,
            f"{file.name} of {origin} cannot be read ({one_line(error)}).",
        ) from error
    settings: dict[str, Any] = {name: value for name, value in found.to_dict().items() if name not in _OF_THE_FILE}
    plain: PreTrainedConfig = type(found)(**settings)
    return plain


def load_gguf(file: Path, auto_class: str, configuration: PreTrainedConfig) -> Pretrained:
    """Load a GGUF file's weights, dequantised to float32, into a plain model that can be saved.

    Raises:
        ValueError, TypeError, LookupError, OSError: the file holds no model for this Auto class.
    """
    with quiet(), _without_bar(), _names_looked_up_once():
        quantised = getattr(transformers, auto_class).from_pretrained(
            file.parent,
            config=configuration,  # else it is read again, which takes seconds
            gguf_file=file.name,
            dtype="float32",
            local_files_only=True,
            trust_remote_code=False,
        )
    return load_state(type(quantised), configuration, quantised.state_dict())


@contextmanager
def _without_bar() -> Iterator[None]:
    """Suppress the GGUF reader's progress bar, which transformers' setting does not cover."""
    reader: Any = untyped_reader
    bar = reader.tqdm
    reader.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        reader.tqdm = bar


@contextmanager
def _names_looked_up_once() -> Iterator[None]:
    """Cache the table of tensor names: the reader would build it again for each of the model's modules."""
    import gguf  # most checkpoints are none

    make: Any = gguf.get_tensor_name_map
    gguf.get_tensor_name_map = cache(make)
    try:
        yield
    finally:
        gguf.get_tensor_name_map = make

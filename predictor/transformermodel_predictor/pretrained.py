"""A transformers model or tokenizer from a folder: local files only, float32, no remote code unless it is trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    CONFIG_MAPPING,
    MODEL_MAPPING,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.dynamic_module_utils import get_class_from_dynamic_module
from transformers.utils.hub import TRANSFORMERS_DYNAMIC_MODULE_NAME

from transformermodel_predictor.quiet import quiet

_NAMED = 4
"""How many tensors a message names."""
_BUILT_FROM = ("_vocab", "_vocab_scores", "_merges")
"""Attributes in which a tokenizer of transformers keeps what it was built from."""


@dataclass(frozen=True)
class Pretrained:
    """A model and what the folder did not have for it.

    Attributes:
        model: in evaluation mode, float32, on the CPU.
        absent: names of the tensors that were not taken from the folder, with the reason.
    """

    model: PreTrainedModel
    absent: Mapping[str, str]


def load_pretrained(
    folder: Path,
    auto_class: str,
    configuration: PreTrainedConfig | None = None,
    *,
    trust_remote_code: bool = False,
    **settings: Any,  # noqa: ANN401 - each has a type of its own
) -> Pretrained:
    """Load what is in a folder with one of transformers' Auto classes.

    Args:
        folder: config.json and safetensors.
        auto_class: decides the head.
        configuration: instead of the one in the folder.
        trust_remote_code: whether Python files in the folder may run.
        settings: further arguments of `from_pretrained`, such as the type of the weights, which is float32 otherwise.

    Raises:
        OSError: a file is missing, or there are no safetensors.
        ValueError, TypeError, LookupError: the configuration describes a model that cannot be built.
    """
    given = {} if configuration is None else {"config": configuration}
    with quiet():
        model, report = getattr(transformers, auto_class).from_pretrained(
            folder,
            **given,
            **{"dtype": torch.float32, **settings},
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=trust_remote_code,
            ignore_mismatched_sizes=True,  # so that they are reported by name
            output_loading_info=True,
        )
    return Pretrained(model.eval(), _absent(report))


def load_state(
    model_type: type[PreTrainedModel], configuration: PreTrainedConfig, state: Mapping[str, torch.Tensor]
) -> Pretrained:
    """Make a model of tensors that were read before, by the names that they have in files.

    Raises:
        ValueError, TypeError, LookupError: the configuration describes a model that cannot be built.
    """
    make: Any = model_type.from_pretrained
    with quiet():
        model, report = make(
            None,
            config=configuration,
            state_dict=dict(state),
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    return Pretrained(model.eval(), _absent(report))


def model_type_of(configuration: PreTrainedConfig, auto_class: str) -> type[PreTrainedModel]:
    """The class that an Auto class chooses for a configuration; remote code where the configuration itself is."""
    mapping = getattr(transformers, auto_class)._model_mapping
    if type(configuration) in mapping:
        chosen = mapping[type(configuration)]
    else:
        chosen = get_class_from_dynamic_module(configuration.auto_map[auto_class], str(configuration.name_or_path))
    model_type: type[PreTrainedModel] = chosen[0] if isinstance(chosen, tuple) else chosen
    return model_type


def may_take_attention(architecture: str) -> bool:
    """Whether the models of an architecture may be given another attention, as far as their class says.

    Args:
        architecture: `model_type` of config.json; one that transformers does not know may be anything.
    """
    if architecture not in CONFIG_MAPPING:
        return True
    models: Any = MODEL_MAPPING
    model = models.get(CONFIG_MAPPING[architecture], None)
    return bool(getattr(model, "_supports_attention_backend", True))


def is_remote(part: PreTrainedModel | PreTrainedTokenizerBase) -> bool:
    """Whether a model or a tokenizer is of a class that came with it."""
    return type(part).__module__.startswith(f"{TRANSFORMERS_DYNAMIC_MODULE_NAME}.")


def load_pretrained_tokenizer(
    folder: Path, *, trust_remote_code: bool = False, **settings: bool | str
) -> PreTrainedTokenizerBase:
    """Load the tokenizer in a folder; settings replace those that are stored with it.

    Raises:
        Exception: each tokenizer fails in its own way on files that are not there or not its own.
    """
    with quiet():
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code, **settings
        )
    _forget_copies(tokenizer)
    return tokenizer


def _forget_copies(tokenizer: PreTrainedTokenizerBase) -> None:
    """Free the vocabulary that transformers keeps in Python beside the one in Rust: 3 MiB for BERT's 30,000 tokens.

    Of its tokenizers in Rust, none that reads texts alone looks at the copy again.
    """
    if isinstance(tokenizer, PreTrainedTokenizerFast) and not is_remote(tokenizer):
        for name in _BUILT_FROM:
            vars(tokenizer).pop(name, None)


def listed(names: Sequence[str]) -> str:
    """Names for a message: the first ones, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def one_line(error: Exception) -> str:
    """An exception's text in one line: some libraries write paragraphs."""
    return " ".join(str(error).split())[:300].rstrip(".")


def _absent(report: Mapping[str, Any]) -> dict[str, str]:
    absent = dict.fromkeys(report["missing_keys"], "missing")
    for name, found, wanted in report["mismatched_keys"]:
        absent[name] = f"has the shape {list(found)}, not {list(wanted)}"
    return absent

"""Which files of a source are needed. Pure."""

import re
from collections.abc import Collection

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason

_CONFIGURATION = frozenset({"config.json", "adapter_config.json"})
_TOKENIZER = frozenset(
    {
        "added_tokens.json",
        "bpe.codes",
        "merges.txt",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
        "vocab.json",
        "vocab.txt",
    }
)
_WHOLE = frozenset({"model.safetensors", "adapter_model.safetensors"})
_INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_OTHER_WEIGHTS = re.compile(r".+\.(bin|pt|pth|ckpt|h5|msgpack|gguf|onnx)")


def needed_files(names: Collection[str], origin: str) -> tuple[str, ...]:
    """The files of a checkpoint or an adapter among all names at the top of its folder, sorted.

    Only configuration, tokenizer and safetensors: nothing else is downloaded, and nothing that could run code.

    Raises:
        PreparationFailed: UnsupportedSource, there are no safetensors weights.
    """
    weights = _weights(names)
    if not any(name.endswith(".safetensors") for name in weights):
        others = sorted(name for name in names if _OTHER_WEIGHTS.fullmatch(name))
        found = f"only {others[0]}, which is not read" if others else "no weights at all"
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{origin} has no safetensors weights ({found}).")
    return tuple(sorted(weights | {name for name in names if name in _CONFIGURATION | _TOKENIZER}))


def _weights(names: Collection[str]) -> set[str]:
    whole = {name for name in names if name in _WHOLE}
    if "model.safetensors" in whole or _INDEX not in names:
        return whole
    return whole | {_INDEX} | {name for name in names if _SHARD.fullmatch(name)}

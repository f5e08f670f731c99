"""Restores names that transformers no longer has, each at its first use."""

import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.older_transformers.log_once import log_once, log_replacement

CACHES = ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE", "PYTORCH_PRETRAINED_BERT_CACHE")
"""Older names of the cache folder, both constants and environment variables, newest first."""

_HUB_CACHE = "HF_HUB_CACHE"

Make = Callable[[ModuleType], Any]


def change_names(module: ModuleType) -> None:
    """Add older names of classes, and of the cache folder, to transformers.

    This patches the module's class, because the module object is replaced when some of its models are imported.

    Args:
        module: transformers.utils.import_utils.
    """
    kind: Any = module._LazyModule
    kind.__getattr__ = _giving({**_CLASSES, **dict.fromkeys(CACHES, _cache)}, kind.__getattr__, "transformers")


def change_cache_names(module: ModuleType) -> None:
    """Add the older names of the cache folder to a module: transformers.utils, its `hub`, transformers.file_utils."""
    kind = type(module)
    giving = _giving(dict.fromkeys(CACHES, _cache), getattr(kind, "__getattr__", None), module.__name__)
    module.__class__ = type(kind.__name__, (kind,), {"__getattr__": giving})


def use_older_cache() -> None:
    """Apply the older environment variables for the cache folder, unless a newer one is set."""
    if any(os.environ.get(name) for name in (_HUB_CACHE, "HUGGINGFACE_HUB_CACHE", "HF_HOME")):
        return
    for name in CACHES:
        if folder := os.environ.get(name):
            log_once(f"the environment variable {name} is taken for {_HUB_CACHE}, which took its place")
            os.environ[_HUB_CACHE] = folder
            return


def _giving(made: Mapping[str, Make], otherwise: Callable[..., Any] | None, module: str) -> Callable[..., Any]:
    """A module's `__getattr__` that makes some names, and leaves the others to the previous `__getattr__`."""

    def __getattr__(self: ModuleType, name: str) -> Any:  # noqa: ANN401, N807 - an attribute may be anything
        if name in made and self.__name__ == module:
            value = made[name](self)
            setattr(self, name, value)
            return value
        if otherwise is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return otherwise(self, name)

    return __getattr__


def _cache(_: ModuleType) -> str:
    from huggingface_hub import constants

    log_replacement("TRANSFORMERS_CACHE", f"it is huggingface_hub's {_HUB_CACHE}")
    return str(constants.HF_HUB_CACHE)


def _with_language_head(transformers: Any) -> type:  # noqa: ANN401 - the module
    """AutoModelWithLMHead: chooses the language modelling head that the architecture has."""
    log_replacement(
        "AutoModelWithLMHead", "AutoModelForSeq2SeqLM, AutoModelForMaskedLM or AutoModelForCausalLM takes its place"
    )

    def of(configuration: object) -> Any:  # noqa: ANN401 - an Auto class
        kinds = (transformers.AutoModelForSeq2SeqLM, transformers.AutoModelForMaskedLM)
        return next(
            (kind for kind in kinds if type(configuration) in kind._model_mapping), transformers.AutoModelForCausalLM
        )

    class AutoModelWithLMHead:
        """A language model with whatever head its architecture has for that."""

        @classmethod
        def from_pretrained(cls, pretrained_model_name_or_path: Any, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
            """Load a model; arguments as in transformers."""
            configuration = keywords.pop("config", None)
            if configuration is None:
                configuration, keywords = transformers.AutoConfig.from_pretrained(
                    pretrained_model_name_or_path, return_unused_kwargs=True, **keywords
                )
            kind = of(configuration)
            return kind.from_pretrained(pretrained_model_name_or_path, *arguments, config=configuration, **keywords)

        @classmethod
        def from_config(cls, config: object, **keywords: Any) -> Any:  # noqa: ANN401
            """Make a model without weights."""
            return of(config).from_config(config, **keywords)

    return AutoModelWithLMHead


def _vision_to_text(transformers: Any) -> Any:  # noqa: ANN401 - the module, and a class of it
    log_replacement("AutoModelForVision2Seq", "AutoModelForImageTextToText takes its place")
    return transformers.AutoModelForImageTextToText


def _bloom_tokenizer(transformers: Any) -> Any:  # noqa: ANN401 - the module, and a class of it
    log_replacement("BloomTokenizerFast", "TokenizersBackend takes its place")
    return transformers.TokenizersBackend


_CLASSES: Mapping[str, Make] = {
    "AutoModelForVision2Seq": _vision_to_text,
    "AutoModelWithLMHead": _with_language_head,
    "BloomTokenizerFast": _bloom_tokenizer,
}

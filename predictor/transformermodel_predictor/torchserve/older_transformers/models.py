"""Restores what configurations and models no longer have in transformers 5."""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.older_transformers.log_once import log_replacement

_TORCHSCRIPT = "torchscript"


def change_configurations(module: ModuleType) -> None:
    """Let `torchscript=True` have models give tuples again, which a trace needs.

    Args:
        module: transformers.configuration_utils.
    """
    base: Any = module.PreTrainedConfig
    if hasattr(base, _TORCHSCRIPT):
        return
    base.torchscript = property(_get_torchscript, _set_torchscript)
    from_dict: Any = base.from_dict.__func__

    def reading(cls: Any, config_dict: dict[str, Any], **keywords: Any) -> Any:  # noqa: ANN401 - as the method
        wanted = keywords.pop(_TORCHSCRIPT, None)
        read = from_dict(cls, config_dict, **keywords)
        if wanted is not None:
            configuration = read[0] if isinstance(read, tuple) else read
            configuration.torchscript = wanted
        return read

    base.from_dict = classmethod(_named_as(from_dict, reading))


def _named_as(method: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    return functools.update_wrapper(other, method)


def _get_torchscript(self: Any) -> bool:  # noqa: ANN401 - transformers.PreTrainedConfig
    return bool(vars(self).get(_TORCHSCRIPT, False))


def _set_torchscript(self: Any, wanted: bool) -> None:  # noqa: ANN401 - transformers.PreTrainedConfig
    vars(self)[_TORCHSCRIPT] = bool(wanted)
    if wanted:
        log_replacement("config.torchscript", "return_dict=False takes its place")
        self.return_dict = False


def change_models(module: ModuleType) -> None:
    """Let `parallelize` and `deparallelize` lay a model over the GPUs and take it back.

    Args:
        module: transformers.modeling_utils.
    """
    base: Any = module.PreTrainedModel
    if hasattr(base, "parallelize"):
        return
    base.parallelize = parallelize
    base.deparallelize = deparallelize
    base.is_parallelizable = True
    base.model_parallel = False


def parallelize(self: Any, device_map: object = None) -> None:  # noqa: ANN401 - transformers.PreTrainedModel
    """Lay the model over all GPUs, block by block; an older `device_map` named blocks by number: it is not followed."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count < 2:
        place = "the only GPU" if count else "the CPU, as there is no GPU"
        log_replacement("parallelize()", f"the model runs on {place}")
        if count:
            self.to("cuda:0")
        return
    from accelerate import dispatch_model, infer_auto_device_map

    log_replacement("parallelize()", f"accelerate lays the model over {count} GPUs")
    blocks = sorted(getattr(self, "_no_split_modules", None) or ())
    dispatch_model(self, infer_auto_device_map(self, no_split_module_classes=blocks))
    self.model_parallel = True


def deparallelize(self: Any) -> None:  # noqa: ANN401 - transformers.PreTrainedModel
    """Take the model back to the CPU."""
    from accelerate.hooks import remove_hook_from_submodules

    log_replacement("deparallelize()", "the model goes back to the CPU")
    if self.model_parallel:
        remove_hook_from_submodules(self)
        self.hf_device_map = {}
    self.to("cpu")
    self.model_parallel = False

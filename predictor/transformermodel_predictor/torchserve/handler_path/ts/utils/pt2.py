"""torch.compile's backends, as configurations name them."""

import json
import logging
import os
from enum import StrEnum

logger = logging.getLogger(__name__)


class PT2Backend(StrEnum):
    """The backends that TorchServe supports; some need an extra package."""

    EAGER = "eager"
    AOT_EAGER = "aot_eager"
    INDUCTOR = "inductor"
    NVFUSER = "nvfuser"
    AOT_NVFUSER = "aot_nvfuser"
    AOT_CUDAGRAPHS = "aot_cudagraphs"
    OFI = "ofi"
    FX2TRT = "fx2trt"
    ONNXRT = "onnxrt"
    IPEX = "ipex"
    TORCHXLA_TRACE_ONCE = "torchxla_trace_once"
    OPENVINO = "openvino"
    TENSORRT = "tensorrt"
    HPU_BACKEND = "hpu_backend"


def check_valid_pt2_backend(backend: str) -> bool:
    """Whether a backend is one that TorchServe knows; a log line names them if it is not."""
    known = [known.value for known in PT2Backend]
    if backend not in known:
        logger.warning(
            "%s is no backend of torch.compile that handlers may name; there are %s", backend, ", ".join(known)
        )
    return backend in known


def load_compiler_config(config_file_path: str | os.PathLike[str]) -> str | None:
    """Read the backend from a compile.json, the predecessor of model-config.yaml: `{"pt2": "inductor"}`.

    Returns:
        The backend; None if there is no such file or it has no known backend.
    """
    if not os.path.isfile(config_file_path):
        logger.info("there is no %s: the model is not compiled", config_file_path)
        return None
    with open(config_file_path, encoding="utf-8") as file:
        backend = json.load(file).get("pt2")
    return backend if isinstance(backend, str) and check_valid_pt2_backend(backend) else None

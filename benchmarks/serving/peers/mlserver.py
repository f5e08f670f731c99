"""MLServer with its Hugging Face runtime, in an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_ENVIRONMENT = (Path(".cache") / "benchmarks" / "mlserver").absolute()
_PACKAGES = (  # versions that work together: newer ones break the runtime
    "mlserver==1.7.1",
    "mlserver-huggingface==1.7.1",
    "torch==2.8.0",
    "transformers==4.41.2",
    "optimum[onnxruntime]==1.20.0",
    "numpy<2",
    "tensorflow-cpu",
    "tf-keras",
)
INPUT = "inputs"
"""Name of the tensor with the texts; under any other its batching fails."""


def install() -> None:
    """Install the peer, unless it is there."""
    program = _ENVIRONMENT / "bin" / "mlserver"
    if program.exists():
        return
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, _ENVIRONMENT], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", _ENVIRONMENT / "bin" / "python", *_PACKAGES], check=True
    )


def command(model: Path, folder: Path, port: int, batch: int) -> Sequence[str]:
    """Write the settings for a model into a folder; the command that serves them."""
    settings = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": port + 1,
        "metrics_port": port + 2,
        "parallel_workers": 0,
        "use_structured_logging": False,
    }
    model_settings = {
        "name": "sentiment",
        "implementation": "mlserver_huggingface.HuggingFaceRuntime",
        "max_batch_size": batch,
        "max_batch_time": 0.005,
        "parameters": {
            "extra": {
                "task": "text-classification",
                "pretrained_model": str(model),
                "pretrained_tokenizer": str(model),
                "framework": "pt",
            }
        },
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model_settings))
    return [str(_ENVIRONMENT / "bin" / "mlserver"), "start", str(folder)]


def environment(threads: int) -> Mapping[str, str]:
    """Variables of the process."""
    return {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}

"""Where an artifact keeps the weights that gradients are taken of: beside a graph, which has none to differentiate."""

from pathlib import Path

TWIN_FOLDER = "twin"


def differentiable_folder(path: Path) -> Path:
    """The folder with config.json and safetensors of an artifact, if it has any."""
    return path / TWIN_FOLDER if (path / TWIN_FOLDER).is_dir() else path

"""Location of an artifact's differentiable weights: in a folder beside a graph, which cannot be differentiated."""

from pathlib import Path

TWIN_FOLDER = "twin"


def differentiable_folder(path: Path) -> Path:
    """The folder of an artifact with config.json and safetensors."""
    return path / TWIN_FOLDER if (path / TWIN_FOLDER).is_dir() else path

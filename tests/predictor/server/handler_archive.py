"""Archives of handlers of our own, as TorchServe's archiver packs them."""

import json
import textwrap
import zipfile
from pathlib import Path

import yaml


def archive(
    path: Path,
    source: str,
    name: str | None = None,
    version: str = "1.0",
    handler: str = "handler.py",
    **configuration: object,
) -> Path:
    """Write an archive with a handler and, where something is configured, a model-config.yaml."""
    model: dict[str, object] = {"modelName": name or path.stem, "modelVersion": version, "handler": handler}
    if configuration:
        model["configFile"] = "model-config.yaml"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("MAR-INF/MANIFEST.json", json.dumps({"runtime": "python", "model": model}))
        packed.writestr("handler.py", textwrap.dedent(source))
        if configuration:
            packed.writestr("model-config.yaml", yaml.safe_dump(configuration))
    return path

"""Checks that the file of an archive's handler exists, before a process is started for it."""

from importlib import resources
from pathlib import Path, PurePosixPath

from transformermodel_predictor.torchserve.archive import MANIFEST_FILE
from transformermodel_predictor.torchserve.packing import DEFAULT_HANDLERS
from transformermodel_predictor.torchserve.reading.refusal import unusable

_ROOM = "transformermodel_predictor.torchserve"
_FALLBACK = "fallback_path"
"""Folder of the modules that archives may name without containing them."""

_UNSUPPORTED = ("dali_image_classifier", "trt_llm_handler", "vllm_handler")
"""Built-in handlers of TorchServe that are not supported: loading one raises an error with the alternative."""


def require_handler(root: Path, handler: str, origin: str, named: str | None = None) -> None:
    """Refuse an archive whose handler's file is missing.

    Args:
        root: the unpacked archive.
        handler: the handler's name, as in a manifest.
        origin: the archive, for messages.
        named: the clause of messages that says who named the handler; the manifest, when None.

    Raises:
        PreparationFailed: UnsupportedSource; the message lists the Python files that the archive has.
    """
    named = named or f"names the handler {handler!r} in {MANIFEST_FILE}"
    module = PurePosixPath(handler.partition(":")[0])
    if module.is_absolute() or ".." in module.parts:
        raise unusable(origin, f"{named}, which leaves the archive")
    file = module if module.suffix == ".py" else module.with_name(f"{module.name.replace('.', '/')}.py")
    if (root / file).is_file() or (root / file.name).is_file():
        return
    if (
        file.stem in (*DEFAULT_HANDLERS, *_UNSUPPORTED)
        or resources.files(_ROOM).joinpath(_FALLBACK, file.name).is_file()
    ):
        return
    modules = ", ".join(sorted(path.name for path in root.glob("*.py"))) or "none"
    raise unusable(origin, f"{named}, but has no {file} (Python files there: {modules})")

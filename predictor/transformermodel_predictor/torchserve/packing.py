"""Collects the content of an archive: a handler with its files, or a prepared artifact."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib import resources
from pathlib import Path

from transformermodel_api.errors import UserError
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.torchserve.archive import Archive, Member, Runtime
from transformermodel_predictor.torchserve.handler_source import handler_problem
from transformermodel_predictor.torchserve.model_name import RULE, is_model_name

DEFAULT_HANDLERS = (
    "base_handler",
    "image_classifier",
    "image_segmenter",
    "object_detector",
    "text_classifier",
)
"""TorchServe's built-in handlers, which an archive may name instead of containing one."""

OUR_HANDLERS = ("Transformer_handler_generalized", "Transformer_handler_generalized_neuron")
"""Handlers built into our server; for TorchServe, the archive must contain them."""

ARTIFACT_FOLDER = "artifact"
"""The archive's folder for a packed artifact, separate from added files so that the artifact's digest stays valid."""

_HANDLER_MODULE = "artifact_handler"


@dataclass(frozen=True)
class ArchiveOptions:
    """The options of an archive, in the terms of torch-model-archiver.

    Attributes:
        model_name: the model's name, and the archive's.
        version: the model's version.
        handler: `FILE`, `FILE:function`, or one of `DEFAULT_HANDLERS` or `OUR_HANDLERS`; None only for an artifact,
            which has its own.
        model_file: Python file with the model's class.
        serialized_file: the weights.
        extra_files: files, and folders whose content is taken.
        requirements_file: Python packages that the handler needs.
        config_file: model-config.yaml.
        runtime: what runs the handler.
    """

    model_name: str
    version: str = "1.0"
    handler: str | None = None
    model_file: Path | None = None
    serialized_file: Path | None = None
    extra_files: tuple[Path, ...] = ()
    requirements_file: Path | None = None
    config_file: Path | None = None
    runtime: Runtime = Runtime.python


def pack_handler(options: ArchiveOptions, created: date) -> Archive:
    """An archive with a handler and its files.

    Raises:
        UserError: a file is missing, two files have the same name, no handler is named, or the handler's file defines
            nothing that can be called, as far as that can be told without running it.
    """
    if options.handler is None:
        raise UserError("an archive needs a handler: name one with --handler, or a prepared artifact to pack")
    handler, file = _read_handler(options.handler)
    if file is not None and file.suffix == ".py" and options.runtime is not Runtime.LSP:
        _require_callable(options.handler, file)
    return _pack(options, handler, {} if file is None else {file.name: file}, created)


def pack_artifact(artifact: Artifact, options: ArchiveOptions, created: date) -> Archive:
    """An archive with a prepared artifact, and a handler that answers like our own server.

    The handler imports this package, so TorchServe's environment needs `transformermodel[predictor]`. If the options
    name a handler, that replaces it, and finds the artifact in the folder `artifact` of the model's directory.

    Raises:
        UserError: a file is missing, or two have one name.
    """
    configuration = artifact.path / CONFIGURATION_FILE
    if options.config_file is None and configuration.exists():
        options = replace(options, config_file=configuration)
    if options.handler is None:
        source = resources.files(__package__).joinpath(f"{_HANDLER_MODULE}.py").read_bytes()
        packed = _pack(options, f"{_HANDLER_MODULE}:handle", {f"{_HANDLER_MODULE}.py": source}, created)
    else:
        packed = pack_handler(options, created)
    content = {
        f"{ARTIFACT_FOLDER}/{path.relative_to(artifact.path).as_posix()}": path
        for path in sorted(artifact.path.rglob("*"))
        if path.is_file()
    }
    return replace(packed, members={**packed.members, **content})


def _pack(options: ArchiveOptions, handler: str, handler_files: Mapping[str, Member], created: date) -> Archive:
    _require_name(options)
    single = (options.model_file, options.serialized_file, options.requirements_file, options.config_file)
    extra = [path for given in options.extra_files for path in _expanded(given)]
    return Archive(
        name=options.model_name,
        version=options.version,
        handler=handler,
        members=_members(handler_files, [*(path for path in single if path is not None), *extra]),
        serialized_file=_name_of(options.serialized_file),
        model_file=_name_of(options.model_file),
        requirements_file=_name_of(options.requirements_file),
        config_file=_name_of(options.config_file),
        runtime=options.runtime,
        created=created,
    )


def _require_name(options: ArchiveOptions) -> None:
    if not is_model_name(options.model_name):
        raise UserError(f"--model-name {options.model_name!r} cannot be used: it must be {RULE}")


def _read_handler(given: str) -> tuple[str, Path | None]:
    """The handler's name for the manifest, and its file; None for a built-in handler.

    Given `module.py:function`, TorchServe would look for a file of that whole name; it understands `module:function`.
    """
    if given in DEFAULT_HANDLERS:
        return given, None
    name, _, function = given.partition(":")
    file = Path(name)
    if not file.suffix and not file.exists():
        file = file.with_suffix(".py")
    if not file.is_file() and file.stem in OUR_HANDLERS and file.parent == Path():
        return f"{file.stem}:{function}" if function else file.name, None
    if not file.is_file():
        known = ", ".join(DEFAULT_HANDLERS)
        raise UserError(f"--handler {given}: there is no file {file}, and TorchServe's own handlers are {known}")
    return (f"{file.stem}:{function}" if function else file.name), file


def _require_callable(given: str, file: Path) -> None:
    _, _, named = given.partition(":")
    if (problem := handler_problem(file.read_bytes(), named or None)) is not None:
        raise UserError(f"--handler {given}: {file} {problem}")


def _expanded(given: Path) -> Iterator[Path]:
    """A file, or the files in a folder."""
    if given.is_dir():
        yield from sorted(path for path in given.iterdir() if path.is_file())
    else:
        yield given


def _members(handler_files: Mapping[str, Member], paths: Sequence[Path]) -> dict[str, Member]:
    members = dict(handler_files)
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path} is not a file that could be packed")
        if (other := members.get(path.name)) is not None and other != path:
            raise UserError(f"two files would be {path.name} in the archive, one of them {path}: rename it")
        members[path.name] = path
    return members


def _name_of(path: Path | None) -> str | None:
    return None if path is None else path.name

"""V2's gRPC messages: KServe's generated module, loaded without importing the SDK around it.

Importing the SDK costs a second and a hundred megabytes, and the generated module needs none of it. It is loaded under
its own name, so that a process which imports the SDK later shares it.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from transformermodel_api.errors import TransformerModelError

AnyMessage = Any
"""A message; the generated classes have no annotations."""

SERVICE = "inference.GRPCInferenceService"

_PACKAGE = "kserve"
_MODULE = "kserve.protocol.grpc.grpc_predict_v2_pb2"


def _generated() -> ModuleType:
    if _MODULE in sys.modules:
        return sys.modules[_MODULE]
    package = importlib.util.find_spec(_PACKAGE)  # does not import it
    if package is None or not package.submodule_search_locations:
        raise TransformerModelError(
            "gRPC needs the messages in the package kserve: install transformermodel[predictor]"
        )
    inside = Path(*_MODULE.split(".")[1:]).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(_MODULE, Path(package.submodule_search_locations[0]) / inside)
    if spec is None or spec.loader is None:
        raise TransformerModelError(f"{_MODULE} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_MODULE]
        raise
    return module


messages: Any = _generated()
"""The module with V2's message types; it has no annotations."""


_FIELD = descriptor_pb2.FieldDescriptorProto


def _index_types() -> tuple[type[Message], type[Message]]:
    """The messages of RepositoryIndex, which Triton's clients call and KServe's file lacks.

    Source: https://github.com/triton-inference-server/common/blob/main/protobuf/grpc_service.proto. They have a
    descriptor pool of their own, because Triton's client registers the same names.
    """
    file = descriptor_pb2.FileDescriptorProto(name="repository_index.proto", package="inference", syntax="proto3")
    request = file.message_type.add(name="RepositoryIndexRequest")
    request.field.add(name="repository_name", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    request.field.add(name="ready", number=2, type=_FIELD.TYPE_BOOL, label=_FIELD.LABEL_OPTIONAL)
    response = file.message_type.add(name="RepositoryIndexResponse")
    entry = response.nested_type.add(name="ModelIndex")
    for number, name in enumerate(("name", "version", "state", "reason"), start=1):
        entry.field.add(name=name, number=number, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    response.field.add(
        name="models",
        number=1,
        type=_FIELD.TYPE_MESSAGE,
        label=_FIELD.LABEL_REPEATED,
        type_name=".inference.RepositoryIndexResponse.ModelIndex",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool)
    return classes["inference.RepositoryIndexRequest"], classes["inference.RepositoryIndexResponse"]


RepositoryIndexRequest, RepositoryIndexResponse = _index_types()


def unknown_field(message: Message, number: int) -> object:
    """The value of a field, by its number, that KServe's messages do not define; None if it is absent."""
    for field in UnknownFieldSet(message):
        if field.field_number == number:
            return field.data
    return None

"""The messages between server and workers. They are encoded as arrays, so both ends must have the same version."""

from typing import Any

import msgspec

from transformermodel_predictor.torchserve.call import CallKind, Reply
from transformermodel_predictor.torchserve.handler_observer import Measurement
from transformermodel_predictor.torchserve.wire.frames import HEADER_SIZE


class Load(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """To a worker, the first message: the archive to load.

    Attributes:
        model_name: the model's name in URLs.
        directory: the unpacked archive.
        handler: the handler as the manifest names it.
        envelope: the request envelope around it.
        manifest: the manifest's document.
        configuration: model-config.yaml.
        batch_size: most rows of a batch.
        gpu_id: index of the accelerator among those that the process sees; None for none.
        limit_image_pixels: whether images with unreasonably many pixels are refused.
        decode_input: whether JSON and text reach the handler decoded.
        packages: the folder with what the archive's requirements were installed into.
        has_requirements: whether the archive names requirements, installed or not.
    """

    model_name: str
    directory: str
    handler: str
    envelope: str | None
    manifest: dict[str, Any]
    configuration: dict[Any, Any]
    batch_size: int
    gpu_id: int | None
    limit_image_pixels: bool
    decode_input: bool
    packages: str | None
    has_requirements: bool


class RowPart(msgspec.Struct, frozen=True, array_like=True):
    """A named value of a row. At the receiving end, `value` is a view that is valid until the next message."""

    name: str
    value: memoryview
    content_type: str | None


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One call.

    Attributes:
        number: identifies it between server and worker.
        request_id: identifies it to the handler.
        headers: headers that the handler can read from its context.
        parts: its values; None if the worker has them from an earlier step of the same call.
    """

    number: int
    request_id: str
    headers: dict[str, str]
    parts: tuple[RowPart, ...] | None


class Batch(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """To a worker: calls to answer together.

    Attributes:
        kind: the kind of all calls.
        rows: the calls.
        ended: numbers of earlier calls whose values can be dropped.
    """

    kind: CallKind
    rows: tuple[Row, ...]
    ended: tuple[int, ...] = ()


class Abandon(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """To a worker, while it works on a batch: no client waits for its answers any more."""


class Loaded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the handler is ready."""


class NotLoaded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the handler could not be loaded; the process ends.

    Attributes:
        message: why, for people.
        status: TorchServe's status for it.
    """

    message: str
    status: int


class Pieces(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker, any number of times before the answer: pieces of streamed answers, by row index."""

    pieces: tuple[tuple[int, Reply], ...]


class Answered(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the answers to a batch, one per row, and the handler's measurements."""

    replies: tuple[Reply, ...]
    measurements: tuple[Measurement, ...] = ()


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the whole batch has failed.

    Attributes:
        message: why, for the client.
        status: TorchServe's status for it.
        measurements: the handler's measurements nevertheless.
        ends_worker: whether the process has become unusable, and ends.
    """

    message: str
    status: int
    measurements: tuple[Measurement, ...] = ()
    ends_worker: bool = False


ToWorker = Load | Batch | Abandon
ToServer = Loaded | NotLoaded | Pieces | Answered | Failed

UNWRITABLE = (msgspec.MsgspecError, OverflowError, TypeError, ValueError)
"""Raised by `frame` for a message that cannot be encoded, such as one with an integer of more than 64 bits."""

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_to_server: msgspec.msgpack.Decoder[ToServer] = msgspec.msgpack.Decoder(ToServer)


def frame(message: ToWorker | ToServer) -> bytearray:
    """Encode a message, with its length in front. Raises one of `UNWRITABLE` if that is not possible."""
    framed = bytearray(HEADER_SIZE)
    _encoder.encode_into(message, framed, HEADER_SIZE)
    framed[:HEADER_SIZE] = (len(framed) - HEADER_SIZE).to_bytes(HEADER_SIZE, "big")
    return framed


def read_by_worker(message: memoryview) -> ToWorker:
    """Decode a message from the server.

    Raises:
        msgspec.DecodeError: it is not a valid message.
    """
    return _to_worker.decode(message)


def read_by_server(message: memoryview) -> ToServer:
    """Decode a message from a worker.

    Raises:
        msgspec.DecodeError: it is not a valid message.
    """
    return _to_server.decode(message)

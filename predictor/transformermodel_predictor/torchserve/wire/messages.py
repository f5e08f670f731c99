"""The messages themselves. Arrays on the wire, so both ends must be of the same version: they always are."""

from typing import Any

import msgspec

from transformermodel_predictor.torchserve.call import CallKind, Reply
from transformermodel_predictor.torchserve.handler_observer import Measurement
from transformermodel_predictor.torchserve.wire.frames import HEADER_SIZE


class Load(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """To a worker, first: what it runs.

    Attributes:
        model_name: the model's name in URLs.
        directory: the unpacked archive.
        handler: the handler as the manifest names it.
        envelope: the request envelope around it.
        manifest: the manifest's document.
        configuration: model-config.yaml.
        batch_size: most rows that come at once.
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
    """A named value of a row; where it was received, `value` is a view of what is overwritten by the next message."""

    name: str
    value: memoryview
    content_type: str | None


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One call.

    Attributes:
        number: identifies it between server and worker.
        request_id: identifies it to the handler.
        headers: what the handler may ask its context for.
        parts: its values; None where the worker has them already, from an earlier step of the same call.
    """

    number: int
    request_id: str
    headers: dict[str, str]
    parts: tuple[RowPart, ...] | None


class Batch(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """To a worker: calls to be answered together.

    Attributes:
        kind: what is asked by all of them.
        rows: the calls.
        ended: numbers of earlier calls whose values need not be kept any longer.
    """

    kind: CallKind
    rows: tuple[Row, ...]
    ended: tuple[int, ...] = ()


class Abandon(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """To a worker, while it works on a batch: nobody waits for its answers."""


class Loaded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the handler can be asked."""


class NotLoaded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the handler cannot be asked; the process ends.

    Attributes:
        message: why, for people.
        status: TorchServe's status for it.
    """

    message: str
    status: int


class Pieces(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker, any number of times before the answer: pieces of rows, by their places in the batch."""

    pieces: tuple[tuple[int, Reply], ...]


class Answered(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: the answers to a batch, one for each row, and what was measured."""

    replies: tuple[Reply, ...]
    measurements: tuple[Measurement, ...] = ()


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From a worker: no row of the batch is answered.

    Attributes:
        message: why, for the client.
        status: TorchServe's status for it.
        measurements: what was measured nevertheless.
        ends_worker: whether the process is of no use any more, and ends.
    """

    message: str
    status: int
    measurements: tuple[Measurement, ...] = ()
    ends_worker: bool = False


ToWorker = Load | Batch | Abandon
ToServer = Loaded | NotLoaded | Pieces | Answered | Failed

UNWRITABLE = (msgspec.MsgspecError, OverflowError, TypeError, ValueError)
"""What `frame` raises for a message that cannot be written, such as one with a number of more than 64 bits."""

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_to_server: msgspec.msgpack.Decoder[ToServer] = msgspec.msgpack.Decoder(ToServer)


def frame(message: ToWorker | ToServer) -> bytearray:
    """A message as it is sent, its length before it. Raises one of `UNWRITABLE` where it cannot be."""
    framed = bytearray(HEADER_SIZE)
    _encoder.encode_into(message, framed, HEADER_SIZE)
    framed[:HEADER_SIZE] = (len(framed) - HEADER_SIZE).to_bytes(HEADER_SIZE, "big")
    return framed


def read_by_worker(message: memoryview) -> ToWorker:
    """A message from the server.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _to_worker.decode(message)


def read_by_server(message: memoryview) -> ToServer:
    """A message from a worker.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _to_server.decode(message)

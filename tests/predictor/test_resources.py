"""A full disk, full memory and limits that are reached, as the operating system and libraries really report them."""

import errno
import os
import re
import resource
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.resources import resources_classified


def fill_the_disk() -> None:
    with open("/dev/full", "w") as file:
        file.write("x")


def fill_the_disk_from_safetensors() -> None:
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def fill_the_disk_from_tokenizers() -> None:
    Tokenizer(WordLevel({"a": 0}, unk_token="a")).save("/dev/full")


def exceed_a_quota() -> None:
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "/models/file")


def map_more_than_there_is() -> None:
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def fill_the_memory() -> None:
    bytearray(1 << 62)


def fill_the_memory_from_torch() -> None:
    torch.empty(1 << 60, dtype=torch.uint8)


def start_a_thread_too_many() -> None:
    raise RuntimeError("can't start new thread")


def start_a_process_too_many() -> None:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def open_a_file_too_many() -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limit[1]))
    try:
        open(__file__).close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (start_a_thread_too_many, "no further thread can be started. Raise the limit of processes and threads"),
        (start_a_process_too_many, "no further process can be started. Raise the limit of processes and threads"),
        (open_a_file_too_many, f"{__file__}: Too many open files. Raise the limit of open files (ulimit -n)."),
    ],
)
def test_a_limit_that_is_reached_has_its_class_and_may_pass(cause: object, message: str) -> None:
    assert callable(cause)
    with pytest.raises(PreparationFailed) as failure, resources_classified():
        cause()
    assert failure.value.reason is FailureReason.MachineRefused
    assert failure.value.reason.transient
    assert failure.value.message.startswith(message)


@pytest.mark.parametrize(
    ("cause", "reason", "message"),
    [
        (fill_the_disk, FailureReason.InsufficientStorage, "the disk is full."),
        (fill_the_disk_from_safetensors, FailureReason.InsufficientStorage, "the disk is full."),
        (fill_the_disk_from_tokenizers, FailureReason.InsufficientStorage, "the disk is full."),
        (map_more_than_there_is, FailureReason.OutOfMemory, "the model does not fit into memory."),
        (fill_the_memory, FailureReason.OutOfMemory, "the model does not fit into memory."),
        (fill_the_memory_from_torch, FailureReason.OutOfMemory, "the model does not fit into memory."),
    ],
)
def test_exhausted_resources_have_their_class(cause: object, reason: FailureReason, message: str) -> None:
    assert callable(cause)
    with pytest.raises(PreparationFailed) as failure, resources_classified():
        cause()
    assert failure.value.reason is reason
    assert failure.value.message == message


@pytest.mark.parametrize("cause", [fill_the_disk, fill_the_disk_from_safetensors])
def test_a_full_disk_is_told_with_the_folder_that_whoever_writes_there_names(cause: object, tmp_path: Path) -> None:
    assert callable(cause)
    with pytest.raises(PreparationFailed) as failure, resources_classified(tmp_path), resources_classified():
        cause()
    assert failure.value.reason is FailureReason.InsufficientStorage
    assert re.fullmatch(
        rf"{tmp_path} could not be written \(No space left on device\): its disk has room for [\d.,]+ MB, "
        r"and more is needed\.",
        failure.value.message,
    )


def test_a_file_that_is_known_is_named_instead_of_its_folder(tmp_path: Path) -> None:
    said = r"/models/file could not be written \(Disk quota exceeded\)"
    with pytest.raises(PreparationFailed, match=said), resources_classified(tmp_path):
        exceed_a_quota()


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "no"), SafetensorError("header"), RuntimeError("other"), KeyError("x")]
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, resources_classified():
        raise error
    assert raised.value is error

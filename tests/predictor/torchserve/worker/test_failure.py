from pathlib import Path

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import
from transformermodel_predictor.torchserve.worker.failure import Failure, NobodyWaits, failure_of, remedy_of


def failure(source: str, directory: Path, file: str = "handler.py") -> Failure:
    """The failure of a handler with this source."""
    try:
        exec(compile(source, str(directory / file), "exec"), {})  # noqa: S102 - a handler of ours
    except BaseException as error:  # noqa: BLE001 - whatever it raises
        return failure_of(error, directory)
    raise AssertionError("it did not raise")


def test_an_exception_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    told = failure("\ndef preprocess():\n    raise ValueError('bad\\nimage')\npreprocess()", tmp_path)
    text = "Prediction failed: ValueError: bad image (handler.py, line 3, in preprocess)"
    assert (told.message, told.status, told.ends_worker) == (text, 503, False)


def test_of_an_exception_in_a_library_the_archives_own_line_is_told(tmp_path: Path) -> None:
    told = failure("import json\njson.loads('{')", tmp_path, "code/reading.py")
    assert told.message.endswith("(code/reading.py, line 2, in <module>)")


@pytest.mark.parametrize(
    "raised",
    [
        "MemoryError()",
        "RuntimeError('CUDA out of memory. Tried to allocate 20 GiB')",
        "RuntimeError('CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling cublasCreate')",
    ],
)
def test_where_memory_ran_out_the_status_is_507(tmp_path: Path, raised: str) -> None:
    told = failure(f"raise {raised}", tmp_path)
    assert told.message.startswith("Out of resources: ")
    assert (told.status, told.ends_worker) == (507, False)


def test_after_an_error_of_cuda_that_no_call_outlives_the_worker_ends(tmp_path: Path) -> None:
    told = failure("raise RuntimeError('CUDA error: device-side assert triggered')", tmp_path)
    assert (told.status, told.ends_worker) == (503, True)


def test_sys_exit_is_told_and_ends_the_worker(tmp_path: Path) -> None:
    told = failure("import sys\nsys.exit('tired')", tmp_path)
    assert "the handler called sys.exit('tired') (handler.py, line 2" in told.message
    assert (told.status, told.ends_worker) == (503, True)


def test_that_nobody_waits_does_not_end_the_worker(tmp_path: Path) -> None:
    assert not failure_of(NobodyWaits(), tmp_path).ends_worker


RAISES_OWN = "from ts.service import PredictionException\n"


def test_a_handler_may_say_with_which_status_it_fails(tmp_path: Path) -> None:
    with handlers_can_import():
        told = failure(f"{RAISES_OWN}raise PredictionException('too dark', 422)", tmp_path)
    assert told == Failure("too dark", 422)


@pytest.mark.parametrize("code", ["42", "200", "600", "'not found'", "None"])
def test_a_status_that_is_none_of_an_error_is_told_and_harms_nobody(tmp_path: Path, code: str) -> None:
    with handlers_can_import():
        told = failure(f"{RAISES_OWN}raise PredictionException('too dark', {code})", tmp_path)
    assert (told.status, told.ends_worker) == (503, False)
    assert "too dark" in told.message
    assert told.message.endswith(f"its error_code {code} is no status of an error")


def test_an_exception_of_its_own_kind_may_leave_out_the_status(tmp_path: Path) -> None:
    source = "class Dark(PredictionException):\n    def __init__(self): pass\nraise Dark"
    with handlers_can_import():
        assert failure(RAISES_OWN + source, tmp_path).status == 503


def test_an_exception_that_cannot_be_put_into_words_is_told_nevertheless(tmp_path: Path) -> None:
    source = "class Odd(Exception):\n    def __str__(self): raise TypeError\nraise Odd"
    assert "Odd: an exception that cannot be put into words (handler.py, line 3" in failure(source, tmp_path).message


def test_who_was_refused_a_model_of_the_hub_is_told_how_handlers_get_a_token() -> None:
    assert "$TRANSFORMERMODEL_HANDLER_HF_TOKEN" in remedy_of(OSError("You are trying to access a gated repo."))
    assert remedy_of(OSError("no such file")) == ""

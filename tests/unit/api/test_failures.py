"""The catalogue of failures: distinct exit statuses, names that are reasons, remedies that are sentences."""

import re

import pytest

from transformermodel_api.errors import CorruptArtifact, PreparationFailed, TransformerModelError, UserError
from transformermodel_api.failures import FailureReason


def test_exit_statuses_are_distinct() -> None:
    assert len({reason.exit_status for reason in FailureReason}) == len(FailureReason)


@pytest.mark.parametrize("reason", FailureReason)
def test_exit_statuses_are_neither_the_shell_s_nor_the_command_line_s(reason: FailureReason) -> None:
    assert 1 <= reason.exit_status < 126
    assert reason.exit_status != UserError.exit_status


@pytest.mark.parametrize("reason", FailureReason)
def test_a_name_is_a_condition_s_reason(reason: FailureReason) -> None:
    assert re.fullmatch("([A-Z][a-z]+)+", reason.name)


@pytest.mark.parametrize("reason", FailureReason)
def test_a_remedy_is_one_line(reason: FailureReason) -> None:
    assert reason.remedy.endswith((".", "log."))
    assert "\n" not in reason.remedy


def test_exit_statuses_keep_their_meaning() -> None:
    assert {reason.name: reason.exit_status for reason in FailureReason} == {
        "Internal": 1,
        "NotFound": 10,
        "Gated": 11,
        "Unauthorized": 12,
        "RateLimited": 13,
        "Unreachable": 14,
        "InsufficientStorage": 15,
        "ChecksumMismatch": 16,
        "UnsupportedSource": 17,
        "UnsupportedArchitecture": 18,
        "WeightsMismatch": 19,
        "GoldenAnswerMismatch": 20,
        "OutOfMemory": 21,
        "DeadlineExceeded": 22,
        "ParityFailed": 23,
        "RemoteCodeForbidden": 24,
        "UnsupportedForm": 25,
        "UnsafeArchive": 26,
        "InvalidSamples": 27,
        "RequirementsNotInstalled": 28,
        "MachineRefused": 29,
    }


def test_a_failed_preparation_ends_with_its_reason_s_status_and_one_line() -> None:
    error = PreparationFailed(FailureReason.NotFound, "hf://org/name does not exist.")

    assert isinstance(error, TransformerModelError)
    assert error.exit_status == 10
    assert str(error) == f"NotFound: hf://org/name does not exist. {FailureReason.NotFound.remedy}"


def test_a_corrupt_artifact_ends_as_a_checksum_that_does_not_match() -> None:
    assert CorruptArtifact.exit_status == FailureReason.ChecksumMismatch.exit_status

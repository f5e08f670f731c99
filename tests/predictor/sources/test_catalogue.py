from pathlib import Path

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.package import PackageSource


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("hf://org/name", HubSource),
        ("package://some_package/model", PackageSource),
        ("file://folder", DirectorySource),
        ("file:///folder", DirectorySource),
    ],
)
def test_the_scheme_names_the_kind_of_source(uri: str, kind: type, tmp_path: Path) -> None:
    assert isinstance(source_for(uri, None, tmp_path), kind)


@pytest.mark.parametrize("uri", ["ftp://host/model", "model", "HF://org/name"])
def test_another_scheme_is_refused_with_those_there_are(uri: str, tmp_path: Path) -> None:
    with pytest.raises(
        PreparationFailed, match=rf"{uri} cannot be read here; there are file://, hf://, https://, package://"
    ):
        source_for(uri, None, tmp_path)


@pytest.mark.parametrize("uri", ["https://[host/model.zip", "s3://bucket/../other", "gs://../model"])
def test_a_uri_that_cannot_be_one_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed, match="is no such uri") as refusal:
        source_for(uri, None, tmp_path)
    assert refusal.value.reason is FailureReason.UnsupportedSource


@pytest.mark.parametrize(
    "uri", ["s3://bucket/model?X-Amz-Signature=hidden", "az://user:hidden@container/model", "https://u:hidden@[host/a"]
)
def test_a_secret_in_a_uri_that_cannot_be_one_is_not_shown(uri: str, tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        source_for(uri, None, tmp_path)
    assert refusal.value.reason is FailureReason.UnsupportedSource
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["file", "package", "s3", "https"])
def test_a_control_character_is_refused_and_not_printed(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed, match=r"holds the control character '\\x00'") as refusal:
        source_for(f"{scheme}://a/b\0c", None, tmp_path)
    assert refusal.value.reason is FailureReason.UnsupportedSource
    assert "\0" not in str(refusal.value)

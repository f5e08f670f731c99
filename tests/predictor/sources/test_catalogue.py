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

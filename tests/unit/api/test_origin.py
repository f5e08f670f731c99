"""What of a uri may be shown."""

import pytest

from transformermodel_api.origin import without_secrets
from transformermodel_api.source import Source


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://host/a.mar?X-Amz-Credential=id&X-Amz-Signature=hidden", "https://host/a.mar"),
        (
            "https://account.blob.core.windows.net/c/a.mar?sv=1&sig=hidden",
            "https://account.blob.core.windows.net/c/a.mar",
        ),
        ("https://user:hidden@host:8443/a.mar#sha256=0", "https://host:8443/a.mar"),
        ("http://user:hidden@host/a.mar?token=hidden", "http://host/a.mar"),
        ("s3://key:hidden@bucket/path?X-Amz-Signature=hidden", "s3://bucket/path"),
        ("hf://token:hidden@org/name", "hf://org/name"),
        ("https://user:hidden@[::1/a.mar?sig=hidden", "https://[::1/a.mar"),
        ("hf://org/name", "hf://org/name"),
        ("HTTPS://user:hidden@Host/A.mar", "HTTPS://Host/A.mar"),
        ("file://a folder/what?#1", "file://a folder/what?#1"),
        ("pvc://claim/what?@1", "pvc://claim/what?@1"),
        ("model", "model"),
    ],
)
def test_user_password_and_signature_are_left_out(uri: str, shown: str) -> None:
    assert without_secrets(uri) == shown


def test_a_source_knows_what_may_be_shown_of_it() -> None:
    source = Source.model_validate({"uri": "https://a/b.mar?sig=hidden", "adapterUri": "https://u:hidden@a/c.zip"})
    assert (source.origin, source.adapter_origin) == ("https://a/b.mar", "https://a/c.zip")
    assert Source.model_validate({"uri": "hf://org/name"}).adapter_origin is None

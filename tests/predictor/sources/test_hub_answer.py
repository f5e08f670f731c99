"""What a hub says of a repository, and what is not said by a hub."""

import json

import pytest

from transformermodel_predictor.sources.hub_answer import HubAnswer, HubFile, NoHubAnswer, read_hub_answer

SHA256 = "5" * 64
BLOB = "b" * 40


def test_the_commit_and_the_files_are_read() -> None:
    siblings = [
        {"rfilename": "config.json", "size": 7, "blobId": BLOB},
        {"rfilename": "model.safetensors", "size": 9, "blobId": BLOB, "lfs": {"sha256": SHA256, "size": 9}},
        {"rfilename": "deeper/README.md"},
    ]
    assert read_hub_answer(json.dumps({"id": "org/name", "sha": "c" * 40, "siblings": siblings})) == HubAnswer(
        "c" * 40,
        (
            HubFile("config.json", 7, None, BLOB),
            HubFile("model.safetensors", 9, SHA256, None),
            HubFile("deeper/README.md", None, None, None),
        ),
    )


def test_a_repository_may_be_empty_and_have_no_commit() -> None:
    assert read_hub_answer('{"id": "org/name"}') == HubAnswer(None, ())


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>Please log in</body></html>",
        "[" * 100_000,
        "[1, 2]",
        "null",
        "{}",
        '{"id": "org/name", "siblings": "none"}',
        '{"id": "org/name", "siblings": ["config.json"]}',
        '{"id": "org/name", "siblings": [{"rfilename": "a", "lfs": "yes"}]}',
        '{"id": "org/name", "sha": 7}',
    ],
)
def test_what_no_hub_says_is_refused_whatever_it_is(body: str) -> None:
    with pytest.raises(NoHubAnswer):
        read_hub_answer(body)


def test_the_beginning_of_it_is_shown_in_one_line() -> None:
    with pytest.raises(NoHubAnswer) as caught:
        read_hub_answer(f"<html>\n  <title>Log in</title>\n{'x' * 1000}")
    assert str(caught.value).startswith("'<html> <title>Log in</title> xxx")
    assert len(str(caught.value)) < 70

import pytest

from transformermodel_predictor.artifact.labels import labels_text, read_labels

TAGS = ("O", "B-PER", "I-PER")


def test_labels_keep_their_order_and_their_letters() -> None:
    labels = tuple(f"Klasse {index} größer" for index in range(12))
    assert read_labels(labels_text(labels)) == labels
    assert "größer" in labels_text(labels)


@pytest.mark.parametrize(
    "text",
    [
        '{"0": "O", "1": "B-PER", "2": "I-PER"}',
        '{"2": "I-PER", "1": "B-PER", "0": "O"}',
        '{"label_list": "[O, B-PER, I-PER]"}',
        '{"label_list": "O,B-PER , I-PER"}',
        """{"label_list": "['O', 'B-PER', 'I-PER']"}""",
        '{"label_list": ["O", "B-PER", "I-PER"]}',
        '["O", "B-PER", "I-PER"]',
        labels_text(TAGS, as_list=True),
    ],
)
def test_every_form_that_torchserve_has_seen_is_read(text: str) -> None:
    assert read_labels(text) == TAGS


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"1": "a"}',
        '{"0": "a", "2": "b"}',
        '{"0": 1}',
        '{"0": ""}',
        '{"a": "b"}',
        '["a", 1]',
        '{"label_list": 3}',
        '{"label_list": ""}',
        '{"label_list": "[]"}',
        '"O"',
        "no JSON",
    ],
)
def test_what_does_not_name_every_class_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_labels(text)

import pytest

from transformermodel_predictor.artifact.labels import labels_text, read_labels


def test_labels_keep_their_order_and_their_letters() -> None:
    labels = tuple(f"Klasse {index} größer" for index in range(12))
    assert read_labels(labels_text(labels)) == labels
    assert "größer" in labels_text(labels)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"1": "a"}', '{"0": "a", "2": "b"}', '{"0": 1}', '{"a": "b"}', "no JSON"]
)
def test_what_does_not_name_every_class_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_labels(text)

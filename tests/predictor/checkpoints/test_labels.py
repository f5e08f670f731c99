from transformermodel_predictor.artifact.labels import labels_text, read_labels
from transformermodel_predictor.checkpoints.labels import choose_labels


def test_the_request_decides_and_else_the_checkpoint() -> None:
    checkpoint = {1: "POSITIVE", 0: "NEGATIVE"}
    assert choose_labels(("bad", "good"), checkpoint) == ("bad", "good")
    assert choose_labels(None, checkpoint) == ("NEGATIVE", "POSITIVE")


def test_labels_are_in_the_order_of_numbers_not_of_digits() -> None:
    checkpoint = {str(index): f"label {index}" for index in range(12)}
    assert choose_labels(None, checkpoint)[-2:] == ("label 10", "label 11")


def test_a_number_counts_where_the_checkpoint_has_another() -> None:
    checkpoint = {0: "NEGATIVE", 1: "POSITIVE"}
    assert choose_labels(None, checkpoint, 2) == ("NEGATIVE", "POSITIVE")
    assert choose_labels(None, checkpoint, 3) == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_labels_that_are_numbers_or_missing_get_names_that_can_be_stored() -> None:
    labels = choose_labels(None, {"0": 1, "1": 2.5, "2": None, "3": ""})
    assert labels == ("1", "2.5", "LABEL_2", "LABEL_3")
    assert read_labels(labels_text(labels)) == labels

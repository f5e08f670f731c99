import pytest

from transformermodel_predictor.artifact.configuration import ModelConfiguration, read_configuration

# As TorchServe's example of the generalized handler ships it.
TORCHSERVE = """
minWorkers: 1
maxWorkers: 1
maxBatchDelay: 100
responseTimeout: 120

handler:
  model_name: bert-base-uncased
  mode: sequence_classification
  do_lower_case: true
  num_labels: "2"
  save_mode: pretrained
  max_length: "150"
  captum_explanation: true
  embedding_name: bert
  BetterTransformer: false
  model_parallel: false

pt2:
  compile:
    enable: true
"""


def test_a_file_made_for_torchserve_is_read() -> None:
    configuration = read_configuration(TORCHSERVE)
    assert configuration == ModelConfiguration(
        mode="sequence_classification",
        max_length=150,
        do_lower_case=True,
        num_labels=2,
        model_name="bert-base-uncased",
        captum_explanation=True,
    )


def test_keys_that_are_absent_have_defaults() -> None:
    assert read_configuration("handler: {max_length: 64}") == ModelConfiguration(max_length=64)
    assert read_configuration("minWorkers: 1") == ModelConfiguration()


def test_what_is_written_is_read() -> None:
    configuration = ModelConfiguration(max_length=7, do_lower_case=True, num_labels=3, better_transformer=True)
    assert read_configuration(configuration.text()) == configuration
    assert "BetterTransformer: true" in configuration.text()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("handler: [", "not YAML"),
        ("- a", "no handler section"),
        ("handler: 3", "no handler section"),
        ("handler: {max_length: long}", r"handler\.max_length must be int, not 'long'"),
        ("handler: {max_length: true}", r"handler\.max_length must be int"),
        ("handler: {BetterTransformer: 'no'}", r"handler\.BetterTransformer must be bool"),
    ],
)
def test_a_wrong_file_is_refused_by_field(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_configuration(text)

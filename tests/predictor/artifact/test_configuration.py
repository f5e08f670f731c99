import pytest

from transformermodel_api.preparation import Attention, DeviceMap
from transformermodel_predictor.artifact.compilation import PT2, Compilation
from transformermodel_predictor.artifact.configuration import ModelConfiguration, read_configuration
from transformermodel_predictor.artifact.generation import GenerationDefaults

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
  hardware: neuronx
  batch_size: 4

pt2:
  compile:
    enable: true
    backend: inductor
    mode: reduce-overhead
"""


def test_every_key_of_torchserves_handler_is_read() -> None:
    configuration = read_configuration(TORCHSERVE)
    assert configuration == ModelConfiguration(
        mode="sequence_classification",
        max_length=150,
        do_lower_case=True,
        num_labels=2,
        model_name="bert-base-uncased",
        captum_explanation=True,
        hardware="neuronx",
        batch_size=4,
        pt2=PT2(Compilation("inductor", "reduce-overhead")),
    )


def test_keys_that_are_absent_have_defaults() -> None:
    assert read_configuration("handler: {max_length: 64}") == ModelConfiguration(max_length=64)
    assert read_configuration("minWorkers: 1") == ModelConfiguration()


def test_what_took_the_place_of_old_keys() -> None:
    configuration = read_configuration("handler: {BetterTransformer: true, model_parallel: true}")
    assert (configuration.attention, configuration.device_map) == (Attention.SDPA, DeviceMap.Auto)
    said = read_configuration("handler: {BetterTransformer: true, attention: eager, device_map: sequential}")
    assert (said.attention, said.device_map) == (Attention.Eager, DeviceMap.Sequential)


@pytest.mark.parametrize(
    ("pt2", "wanted"),
    [
        ("pt2: inductor", PT2(Compilation("inductor"))),
        ("pt2: {backend: eager, mode: max-autotune}", PT2(Compilation("eager", "max-autotune"))),
        ("pt2: {compile: {enable: false, mode: default}}", PT2()),
        ("pt2: {compile: {backend: eager}}", PT2()),
        ("pt2: {export: {aot_compile: true}}", PT2(export=True)),
        ("pt2:", PT2()),
    ],
)
def test_compilation_in_all_of_torchserves_forms(pt2: str, wanted: PT2) -> None:
    assert read_configuration(pt2).pt2 == wanted


class TestGeneration:
    def test_a_file_made_for_torchserve_keeps_its_meaning(self) -> None:
        configuration = read_configuration("handler: {mode: text_generation, max_length: 50}")
        assert configuration.generation == GenerationDefaults(
            max_new_tokens=50, do_sample=True, top_p=0.95, top_k=60, return_full_text=True
        )

    def test_it_is_greedy_where_the_file_is_ours(self) -> None:
        configuration = read_configuration("handler: {mode: text_generation, generation: {temperature: 1, stop: END}}")
        assert configuration.generation == GenerationDefaults(stop=("END",))

    def test_the_temperature_zero_is_greedy_as_in_a_request(self) -> None:
        file = "handler: {mode: text_generation, generation: {do_sample: true, temperature: 0}}"
        assert read_configuration(file).generation == GenerationDefaults()

    def test_other_tasks_have_none(self) -> None:
        assert read_configuration("handler: {mode: question_answering}").generation is None


@pytest.mark.parametrize(
    "configuration",
    [
        ModelConfiguration(
            max_length=7, do_lower_case=True, num_labels=3, better_transformer=True, attention=Attention.SDPA
        ),
        ModelConfiguration(
            mode="text_generation",
            generation=GenerationDefaults(30, True, 0.7, 0.9, 50, 1.1, ("\n", "größer"), True),
            attention=Attention.Eager,
            device_map=DeviceMap.Balanced,
        ),
        ModelConfiguration(hardware="neuron", batch_size=8, problem_type="multi_label_classification"),
        ModelConfiguration(save_mode="exported", pt2=PT2(Compilation("eager", "max-autotune"), export=True)),
    ],
    ids=["old keys", "generation", "hardware", "compiled"],
)
def test_what_is_written_is_read(configuration: ModelConfiguration) -> None:
    assert read_configuration(configuration.text()) == configuration


def test_torchserve_finds_every_key_that_it_insists_on() -> None:
    text = ModelConfiguration(num_labels=2).text()
    keys = (
        "mode max_length do_lower_case num_labels save_mode model_name captum_explanation embedding_name "
        "BetterTransformer model_parallel"
    )
    assert [line.strip().partition(":")[0] for line in text.splitlines()[1:]] == keys.split()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("handler: [", "not YAML"),
        ("- a", "no handler section"),
        ("handler: 3", "no handler section"),
        ("handler: {max_length: long}", r"handler\.max_length must be int, not 'long'"),
        ("handler: {max_length: true}", r"handler\.max_length must be int"),
        ("handler: {max_length: -1}", r"handler\.max_length must be int"),
        ("handler: {max_length: 0}", r"handler\.max_length must be at least 1, not 0"),
        (
            "handler: {mode: text_generation, generation: {max_new_tokens: 0}}",
            r"generation\.max_new_tokens must be at least 1, not 0",
        ),
        ("handler: {mode: text_generation, generation: {temperature: .nan}}", r"temperature must be a number, not nan"),
        (
            "handler: {mode: text_generation, generation: {temperature: -1}}",
            r"handler\.generation\.temperature must be at least 0, not -1",
        ),
        (
            "handler: {mode: text_generation, generation: {top_p: 1.5}}",
            r"handler\.generation\.top_p must be from 0 to 1, not 1\.5",
        ),
        (
            "handler: {mode: text_generation, generation: {top_k: -3}}",
            r"handler\.generation\.top_k must be int, not -3",
        ),
        (
            "handler: {mode: text_generation, generation: {repetition_penalty: 0}}",
            r"handler\.generation\.repetition_penalty must be more than 0, not 0",
        ),
        ("handler: {BetterTransformer: 'no'}", r"handler\.BetterTransformer must be bool"),
        ("handler: {attention: fast}", r"handler\.attention must be one of auto, sdpa, eager, not 'fast'"),
        ("handler: {mode: text_generation, generation: {topk: 3}}", r"handler\.generation\.topk is not known"),
        ("handler: {mode: text_generation, generation: {top_p: half}}", r"generation\.top_p must be a number"),
        ("handler: {mode: text_generation, generation: {stop: [1]}}", r"generation\.stop must be a list of strings"),
        ("handler: {mode: text_generation, generation: 3}", r"handler\.generation must be a mapping, not 3"),
        ("pt2: {compile: {enable: true, mode: fast}}", r"pt2\.compile\.mode must be one of default, reduce-overhead"),
        ("pt2: {compile: {enable: true, fullgraph: true}}", r"pt2\.compile\.fullgraph is not known"),
        ("pt2: {compiled: true}", r"pt2\.compiled is not known; there are compile, export"),
        ("pt2: 3", "pt2 must be a mapping"),
    ],
)
def test_a_wrong_file_is_refused_by_field(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_configuration(text)

"""Language models as graphs: the tokens of transformers' own generate(), whoever else is decoded meanwhile."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from transformers import TokenizersBackend

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.generation.asked import (
    continuation,
    own_tokens,
    prompts,
    require_that_company_changes_nobody,
    tokens,
)
from tests.predictor.server.running import running
from tests.predictor.tiny_language import POSITIONS, VOCABULARY, build_language_artifact, make_language_model
from transformermodel_api.errors import CorruptArtifact, PreparationFailed
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.generation.batch import Batch, generate
from transformermodel_predictor.generation.graph_decoder import GraphDecoder
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import load_model

Graphs = Callable[[Format, str], Artifact]

TRACED = (Format.TorchScript, Format.ONNX)
GRAPHS = (
    *((form, "llama") for form in TRACED),
    pytest.param(  # each layer takes time to compile
        Format.Exported, "shallow llama", marks=[pytest.mark.slow, pytest.mark.timeout(900)]
    ),
)


def loaded(artifact: Artifact) -> LoadedGenerator:
    model = load_model(artifact)
    assert isinstance(model, LoadedGenerator)
    return model


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("form", TRACED)
def test_prompts_of_all_lengths_are_continued_together(
    form: Format, kind: str, language_graph: Graphs, tokenizer: TokenizersBackend
) -> None:
    model, decoder, asked = make_language_model(kind), loaded(language_graph(form, kind)).new_decoder(), prompts(6)

    told = generate(decoder, [continuation(prompt, 4 + 3 * i, tokenizer) for i, prompt in enumerate(asked)])

    assert isinstance(decoder, GraphDecoder)
    assert [tokens(pieces) for pieces in told] == [own_tokens(model, p, 4 + 3 * i) for i, p in enumerate(asked)]
    assert decoder.columns == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (Format.TorchScript, "qwen2"),
        (Format.ONNX, "qwen2 with windows"),
        (Format.TorchScript, "mistral"),
        (Format.ONNX, "gemma2"),
    ],
)
def test_layers_that_see_a_window_see_it_in_a_graph_too(
    form: Format, kind: str, language_graph: Graphs, tokenizer: TokenizersBackend
) -> None:
    test_prompts_of_all_lengths_are_continued_together(form, kind, language_graph, tokenizer)


@pytest.mark.parametrize(("form", "kind"), GRAPHS)
def test_who_joins_later_and_who_leaves_earlier_changes_nobody(
    form: Format, kind: str, language_graph: Graphs, tokenizer: TokenizersBackend
) -> None:
    batch = Batch(loaded(language_graph(form, kind)).new_decoder(), prompt_tokens=10)
    require_that_company_changes_nobody(batch, make_language_model(kind), tokenizer)


def test_rows_grow_beyond_what_there_was_memory_for(language_graph: Graphs, tokenizer: TokenizersBackend) -> None:
    model, asked = make_language_model("long llama"), [list(range(5, 5 + length)) for length in (120, 3, 60)]
    decoder = loaded(language_graph(Format.ONNX, "long llama")).new_decoder()

    told = generate(decoder, [continuation(prompt, 70 - i, tokenizer) for i, prompt in enumerate(asked)])

    assert [tokens(pieces) for pieces in told] == [own_tokens(model, p, 70 - i) for i, p in enumerate(asked)]


@pytest.mark.parametrize("form", TRACED)
def test_the_same_seed_draws_the_same_text_as_the_model_itself(
    form: Format, language_graph: Graphs, generator: LoadedGenerator
) -> None:
    questions = [{"text": "the fox"}, {"text": "a"}, {"text": "once upon a time"}]
    parameters = {"max_new_tokens": 12, "do_sample": True, "temperature": 0.8, "top_k": 20, "seed": 7}

    assert loaded(language_graph(form, "llama")).answer(questions, parameters) == generator.answer(
        questions, parameters
    )


def test_a_graph_is_served_as_the_model_itself_is(language_graph: Graphs, generator: LoadedGenerator) -> None:
    body = {"text_input": "the fox", "max_tokens": 7}
    with (
        running({"writer": loaded(language_graph(Format.ONNX, "llama"))}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        whole = client.post("/v2/models/writer/generate", json=body).json()
        streamed = client.post("/v2/models/writer/generate_stream", json=body).text
        absent = client.post("/openai/v1/completions", json={"model": "writer", "prompt": [5, VOCABULARY]})

    (expected,) = generator.answer([{"text": "the fox"}], {"max_new_tokens": 7})
    pieces = [json.loads(line.removeprefix("data: ")) for line in streamed.split("\n\n") if line]
    assert whole["text_output"] == expected["generated_text"]
    assert "".join(piece["text_output"] for piece in pieces) == whole["text_output"]
    assert (absent.status_code, absent.json()["error"]["param"]) == (400, "prompt")


@pytest.mark.parametrize("form", TRACED)
def test_it_holds_the_graph_and_how_it_is_called_and_no_configuration_of_a_class(
    form: Format, language_graph: Graphs
) -> None:
    artifact = language_graph(form, "llama")
    signature = json.loads((artifact.path / "signature.json").read_text())

    assert not (artifact.path / "config.json").exists()
    assert signature["layers"] == [{"heads": 2, "key_size": 8, "value_size": 8}] * 3
    assert (signature["vocabulary"], signature["positions"], signature["ends"]) == (VOCABULARY, POSITIONS, [2])


@pytest.mark.parametrize("form", TRACED)
def test_the_same_model_gives_the_same_bytes(form: Format, language_graph: Graphs, tmp_path: Path) -> None:
    built = language_graph(form, "llama")
    again = build_language_artifact(tmp_path / "again", built.manifest.candidate)
    assert again.manifest.digest == built.manifest.digest


def test_bfloat16_halves_what_is_stored_and_what_is_kept(language_graph: Graphs, tmp_path: Path) -> None:
    candidate = Candidate(Format.TorchScript, EngineName.TorchScript, Precision.BFloat16)
    half, exact = build_language_artifact(tmp_path / "half", candidate), language_graph(Format.TorchScript, "llama")

    assert json.loads((half.path / "signature.json").read_text())["dtype"] == "bfloat16"
    assert (half.path / "model.pt").stat().st_size < 0.75 * (exact.path / "model.pt").stat().st_size
    (answer,) = loaded(half).answer([{"text": "the"}], {"max_new_tokens": 3, "min_new_tokens": 3})
    assert answer["generated_tokens"] == 3


def test_an_architecture_whose_positions_cannot_be_told_is_refused(tmp_path: Path) -> None:
    candidate = Candidate(Format.TorchScript, EngineName.TorchScript, Precision.Float32)
    with pytest.raises(PreparationFailed, match="UnsupportedForm: BloomForCausalLM cannot be given what it has read"):
        build_language_artifact(tmp_path / "model", candidate, "bloom")


@pytest.mark.parametrize(("form", "kind"), GRAPHS)
@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        ([5, VOCABULARY], f"token id {VOCABULARY} is out of range; this model takes 0 to {VOCABULARY - 1}"),
        ([-1], "token id -1 is out of range"),
        ([5] * (POSITIONS + 1), f"a row would have {POSITIONS + 1} tokens; this model takes at most {POSITIONS}"),
    ],
    ids=["too large", "negative", "too many"],
)
def test_what_would_end_the_process_is_an_exception(
    form: Format, kind: str, prompt: list[int], problem: str, language_graph: Graphs
) -> None:
    decoder = loaded(language_graph(form, kind)).new_decoder()
    with pytest.raises(ValueError, match=problem):
        decoder.read(decoder.open(prompt), len(prompt))


@pytest.fixture
def spoilt(language_graph: Graphs, tmp_path: Path) -> Callable[[str | None], Artifact]:
    """A graph with another signature.json, or none."""

    def make(signature: str | None) -> Artifact:
        whole = language_graph(Format.TorchScript, "llama")
        shutil.copytree(whole.path, tmp_path / "copy", ignore=shutil.ignore_patterns("manifest.json", "signature.json"))
        if signature is not None:
            (tmp_path / "copy" / "signature.json").write_text(signature)
        return seal(tmp_path / "copy", whole.manifest.provenance)

    return make


def test_a_graph_that_does_not_say_how_it_is_called_is_refused(spoilt: Callable[[str | None], Artifact]) -> None:
    with pytest.raises(PreparationFailed, match=r"UnsupportedForm: .* has no signature\.json that says how its graph"):
        load_model(spoilt(None))


def test_the_signature_of_a_classifier_is_none_of_a_language_model(spoilt: Callable[[str | None], Artifact]) -> None:
    with pytest.raises(CorruptArtifact, match=r"signature\.json cannot be read: a field is missing"):
        load_model(spoilt('{"inputs": [], "outputs": [], "max_length": 1}'))

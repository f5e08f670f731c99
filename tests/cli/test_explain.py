"""`transformermodel explain`: a prepared model answers and says why, in the terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.predictor.tiny import make_tiny_artifact
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_api.errors import UserError
from transformermodel_api.explanations import Explanations
from transformermodel_cli.explanation_text import explained_lines
from transformermodel_cli.main import app
from transformermodel_predictor.explanations.explanation import Explained, Explanation, Method, Options, Part
from transformermodel_predictor.tasks.catalogue import TASKS

TEXT = "i love this movie"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_artifact(tmp_path_factory.mktemp("tiny")).path)


def explain(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_words_have_their_numbers_without_colour(directory: str) -> None:
    said = explain(directory, "--text", TEXT, "--method", "feature_ablation", "--target", "NEUTRAL")
    assert said.startswith("answer  label ")
    assert "NEUTRAL  score 0." in said
    assert "(feature_ablation, " in said
    assert "text: i" in said
    assert "\x1b" not in said


def test_json_is_what_a_server_answers(directory: str) -> None:
    document = json.loads(explain(directory, "--text", TEXT, "--output", "json", "--explanations", "method=Saliency"))
    (explanation,) = document["explanations"]
    assert explanation["method"] == "saliency"
    assert [word["text"] for word in explanation["words"]] == TEXT.split()


def test_the_help_names_the_method_of_every_task() -> None:
    said = "".join(explain("--help").split())
    for task in TASKS:
        assert Options.of(Explanations(), task).method in said


def test_a_generated_text_is_explained_by_leaving_words_out(tmp_path: Path) -> None:
    directory = make_language_artifact(tmp_path / "language").path
    asked = ["--text", "the fox", "--parameter", "max_new_tokens=2", "--output", "json"]
    (explanation,) = json.loads(explain(str(directory), *asked))["explanations"]
    assert explanation["method"] == "feature_ablation"
    with pytest.raises(UserError, match="baseline Zero is no token: FeatureAblation, by which TextGeneration"):
        explain(str(directory), *asked, "--explanations", "baseline=Zero")


def test_parameters_are_those_of_a_request(directory: str) -> None:
    asked = ["--parameter", "top_k=2", "--parameter", "samples=5", "--parameter", "baseline=mask"]
    document = json.loads(explain(directory, "--text", TEXT, "--method", "lime", *asked, "--output", "json"))
    assert len(document["answer"]["label"]) == 2
    assert document["explanations"][0]["steps"] <= 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to explain: give --text, or --question and --context"),
        (["--text", TEXT, "--method", "gradcam"], "method must be one of integrated_gradients"),
        (["--text", TEXT, "--target", "HAPPY"], "target 'HAPPY' is not there"),
        (["--question", "why?", "--context", TEXT], "question"),
        (["--text", TEXT, "--explanations", "enabled=false"], "switched off"),
        (["--text", TEXT, "--parameter", "samples"], "--parameter samples: write KEY=VALUE"),
        (["--text", TEXT, "--parameter", "colour=red"], "parameter 'colour' is not known"),
    ],
)
def test_what_cannot_be_explained_is_one_line(directory: str, arguments: list[str], told: str) -> None:
    with pytest.raises(UserError) as refused:
        explain(directory, *arguments)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_signs_and_sizes_are_read_without_colour_and_seen_with_it() -> None:
    words = (Part("dull", "text", 0, 4, -0.76), Part("loved", "text", 5, 10, 0.5), Part("the", "text", 11, 14, 0.01))
    words += (Part(".", "text", 14, 15, -0.001),)
    explanation = Explanation(Method.Lime, "POSITIVE", 0.926, words, words, None, 40)
    lines = list(explained_lines(Explained({"label": "POSITIVE"}, (explanation,), truncated=2)))
    assert [line.plain for line in lines] == [
        "answer  label POSITIVE",
        "        2 tokens did not fit into the model and were not read",
        "",
        "POSITIVE  score 0.9260 (lime, 40 steps)",
        "text: dull(-0.76) loved(+0.50) the.",
        "  -0.76 #################### dull",
        "  +0.50 #############        loved",
        "  +0.01 #                    the",
    ]
    assert [str(span.style) for span in lines[4].spans] == ["bold red", "dim", "bold green", "dim"]


def test_an_answer_without_anything_to_explain_says_so() -> None:
    told = [line.plain for line in explained_lines(Explained({"entities": []}, ()))]
    assert told == ["answer  entities 0", "There is nothing in the answer to explain."]


def test_entities_have_a_line_each_and_are_told_apart() -> None:
    found = [{"entity": "PER", "score": 0.82933, "text": "Sarah"}, {"entity": "LOC", "score": 0.9, "text": "Oslo"}]
    explained = [
        Explanation(Method.Saliency, one["entity"], 0.5, (), (), None, 1, {"text": one["text"]}) for one in found
    ]
    told = [line.plain for line in explained_lines(Explained({"entities": found}, tuple(explained)))]
    assert told == [
        "answer  entities 2",
        "        entity PER, score 0.8293, text Sarah",
        "        entity LOC, score 0.9, text Oslo",
        "",
        "PER 'Sarah'  score 0.5000 (saliency, 1 step)",
        "",
        "LOC 'Oslo'  score 0.5000 (saliency, 1 step)",
    ]


def test_a_generated_text_stays_in_its_line_and_has_the_logarithm_of_its_probability() -> None:
    words = (Part("capital", "text", 0, 7, 1.0),)
    details = {"first_token": 0, "last_token": 2, "log_probability": -19.254}
    explanation = Explanation(Method.FeatureAblation, " Paris.\n\nThe", 4e-9, words, words, None, 6, details)
    told = [line.plain for line in explained_lines(Explained({"generated_text": " Paris.\n\nThe"}, (explanation,)))]
    assert told[0] == r"answer  generated_text ' Paris.\n\nThe'"
    assert told[2] == r"' Paris.\n\nThe'  score 0.0000, log-probability -19.25 (feature_ablation, 6 steps)"


def test_a_limit_of_steps_that_was_reached_is_said_with_the_remedy(directory: str) -> None:
    few = ["--parameter", "max_steps=1", "--parameter", "tolerance=0"]
    said = explain(directory, "--text", TEXT, *few)
    assert "The limit of steps was reached before the delta was within the tolerance" in said
    assert "allow more with --parameter max_steps=N." in said


def test_a_file_of_several_models_is_refused(tmp_path: Path) -> None:
    manifest = Path("examples/sentiment/model.yaml").read_text(encoding="utf-8")
    both = tmp_path / "both.yaml"
    both.write_text(f"{manifest}\n---\n{manifest.replace('name: sentiment', 'name: other')}", encoding="utf-8")
    with pytest.raises(UserError, match="holds 2 models"):
        explain(str(both), "--text", TEXT)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--method", "gradcam"], "method must be one of integrated_gradients, .*, lime"),
        (["--parameter", "method=gradcam"], "method must be one of"),
        (["--parameter", "baseline=noise"], "baseline must be one of pad, mask, zero"),
        (["--explanations", "enabled=false"], "explanations are switched off for sentiment"),
    ],
)
def test_what_no_model_does_is_refused_before_one_is_prepared(tmp_path: Path, arguments: list[str], told: str) -> None:
    store = tmp_path / "store"
    with pytest.raises(UserError, match=told):
        explain("examples/sentiment/model.yaml", "--text", TEXT, "--store", str(store), *arguments)
    assert not store.exists()

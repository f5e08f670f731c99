from collections.abc import Callable

import pytest
import torch

from tests.predictor.preparation.forms.elsewhere import answers_elsewhere
from tests.predictor.preparation.forms.own_architecture import own_model
from transformermodel_api.preparation import Format
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel, load_model


@pytest.mark.slow
def test_compiled_forms_answer_in_a_process_without_the_models_class(
    traced: Artifact, converted: Artifact, compiled: Artifact
) -> None:
    questions = [{"text": "word5 word6"}, {"text": "word7 " * 60}]  # the second is cut
    model, loaded = own_model(), load_model(traced)
    assert isinstance(loaded, LoadedModel)
    asked = [loaded.task.question(fields, {}) for fields in questions]
    windows = [window for (window,) in loaded.task.encode(loaded.tokenizer, asked)]
    with torch.inference_mode():
        logits = [model(torch.tensor([window.features["input_ids"]])).logits[0] for window in windows]
    for answers in answers_elsewhere([traced.path, converted.path, compiled.path], questions, {"probabilities": True}):
        for answer, expected in zip(answers, logits, strict=True):
            assert answer["probabilities"] == pytest.approx(expected.softmax(-1).tolist(), abs=1e-4)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_graphs_of_language_models_write_in_a_process_without_the_models_class(
    language_graph: Callable[[Format, str], Artifact],
) -> None:
    questions, parameters = [{"text": "the fox"}, {"text": "Größe"}], {"max_new_tokens": 9}
    expected = load_model(language_graph(Format.TorchScript, "shallow llama")).answer(questions, parameters)
    graphs = [language_graph(form, "shallow llama").path for form in (Format.TorchScript, Format.ONNX, Format.Exported)]

    assert answers_elsewhere(graphs, questions, parameters) == [expected] * 3

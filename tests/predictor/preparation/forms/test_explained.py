"""Answers of graphs are explained: by gradients of the weights beside them, and by the graphs themselves."""

import pytest

from tests.predictor.preparation.forms.conftest import Builder, candidate
from tests.predictor.preparation.forms.tiny_models import tiny_model
from transformermodel_api.preparation import Format
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.workers import Workers


@pytest.mark.parametrize("form", [Format.TorchScript, Format.ONNX])
@pytest.mark.parametrize("method", ["integrated_gradients", "feature_ablation"])
async def test_a_graph_is_explained_as_the_model_that_it_was_made_of(
    built: Builder, workers: Workers, form: Format, method: str
) -> None:
    words = []
    for chosen in (candidate(form), candidate(Format.Pretrained)):
        model = load_model(built(tiny_model("bert"), chosen))
        assert isinstance(model, LoadedModel)
        handler = GeneralizedHandler("tiny", model, workers)
        (explained,) = await handler.explain([{"text": "i love this movie"}], {"method": method, "target": 0})
        words.append([word.importance for word in explained.explanations[0].words])
    assert words[0] == pytest.approx(words[1], abs=1e-3)


@pytest.mark.slow
async def test_graphs_of_an_architecture_that_nobody_knows_are_explained_by_leaving_words_out(
    traced: Artifact, converted: Artifact, compiled: Artifact, workers: Workers
) -> None:
    told = []
    for artifact in (traced, converted, compiled):
        model = load_model(artifact)
        assert isinstance(model, LoadedModel)
        handler = GeneralizedHandler("own", model, workers)
        (explained,) = await handler.explain([{"text": "word5 word6 word7"}], {"method": "feature_ablation"})
        told.append([word.importance for word in explained.explanations[0].words])
        with pytest.raises(
            InvalidQuestion, match=r"integrated_gradients .* is not available .*; there are feature_ablation"
        ):
            await handler.explain([{"text": "word5 word6 word7"}])
    assert len(told[0]) == 3
    assert told == [pytest.approx(told[0], abs=1e-3)] * 3

"""Handlers that derive from the ancestor's: what goes from one method to the next is as it was."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.predictor.torchserve.ancestor.archives import LABELS, MODES, AncestorArchive
from tests.predictor.torchserve.ancestor.asking import Asked

ArchiveOf = Callable[..., AncestorArchive]
AncestorOf = Callable[..., Asked]

TEXT = "i love this movie"
BODIES: dict[str, list[Any]] = {
    "sequence_classification": [TEXT, "it was bad"],
    "token_classification": [TEXT, "it was bad"],
    "question_answering": [{"question": "was it good", "context": "it was bad"}, {"question": "what", "context": TEXT}],
    "text_generation": ["once upon a time", "the"],
}


def steps(asked: Asked, *bodies: Any) -> Any:
    """The methods one after another, as a handler with a `handle` of its own calls them."""
    handler = asked.handler
    return handler.postprocess(handler.inference(handler.preprocess([{"body": body} for body in bodies])))


@pytest.mark.parametrize("mode", MODES)
def test_the_methods_can_be_called_by_themselves(ancestor: AncestorOf, mode: str) -> None:
    asked = ancestor(mode)
    assert steps(asked, *BODIES[mode]) == [told.answer for told in asked.predict(*BODIES[mode])]


@pytest.mark.parametrize("mode", MODES)
def test_two_tensors_of_one_shape_pass_between_them(ancestor: AncestorOf, mode: str) -> None:
    ids, mask = ancestor(mode).handler.preprocess([{"body": body} for body in BODIES[mode]])
    longest = max(int(row.sum()) for row in mask)
    assert ids.shape == mask.shape == (2, longest)
    assert ids.dtype == mask.dtype == torch.int64
    padded = mask[1, 0] if mode == "text_generation" else mask[1, -1]
    assert padded == 0  # on the left where the model writes on at the right


@pytest.mark.parametrize("mode", MODES)
def test_tensors_of_the_handlers_own_are_answered(archive_of: ArchiveOf, ancestor: AncestorOf, mode: str) -> None:
    class Tokenizing:
        def preprocess(self: Any, requests: Any) -> Any:
            rows = [row["body"] for row in requests]
            texts = [(row["question"], row["context"]) if isinstance(row, dict) else row for row in rows]
            encoded = [self.tokenizer(*([text] if isinstance(text, str) else text))["input_ids"] for text in texts]
            longest = max(map(len, encoded))
            ids = torch.tensor([row + [0] * (longest - len(row)) for row in encoded])
            lengths = torch.tensor([len(row) for row in encoded])
            return ids, (torch.arange(longest) < lengths[:, None]).long()

    derived = Asked(archive_of(mode), derive=lambda kind: type("Derived", (Tokenizing, kind), {}))
    assert derived.predict(*BODIES[mode]) == ancestor(mode).predict(*BODIES[mode])


def test_the_texts_may_be_changed_on_their_way_in_and_the_answers_on_their_way_out(
    archive_of: ArchiveOf, ancestor: AncestorOf
) -> None:
    def derive(kind: Any) -> Any:
        class Derived(kind):  # type: ignore[misc]
            def preprocess(self, requests: Any) -> Any:
                return super().preprocess([{"data": row["body"].replace("!", "")} for row in requests])

            def postprocess(self, inference_output: Any) -> Any:
                return [{"label": answer, "model": self.setup_config["model_name"]} for answer in inference_output]

        return Derived

    (told,) = Asked(archive_of("sequence_classification"), derive=derive).predict(f"{TEXT}!!!")
    (expected,) = ancestor("sequence_classification").predict(TEXT)
    assert told.answer == {"label": expected.answer, "model": "org/tiny"}


def test_an_inference_of_its_own_has_the_model_the_tokenizer_and_the_names(
    archive_of: ArchiveOf, ancestor: AncestorOf
) -> None:
    def derive(kind: Any) -> Any:
        class Derived(kind):  # type: ignore[misc]
            def inference(self, input_batch: Any) -> Any:
                ids, mask = input_batch
                with torch.inference_mode():
                    found = self.model(ids, attention_mask=mask).logits.argmax(dim=-1)
                return [self.mapping[str(index)] for index in found.tolist()]

        return Derived

    bodies = BODIES["sequence_classification"]
    derived = Asked(archive_of("sequence_classification"), derive=derive)
    assert derived.predict(*bodies) == ancestor("sequence_classification").predict(*bodies)
    told = derived.predict(TEXT, b"\xff")
    assert [one.status for one in told] == [200, 400]  # whatever the model made of a row without a text


def test_a_model_that_it_puts_in_the_place_of_the_archives_answers(archive_of: ArchiveOf) -> None:
    class Always(torch.nn.Module):
        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor]:
            return (torch.tensor([[0.0, 0.0, 9.0]]).expand(len(ids), -1),)

    def derive(kind: Any) -> Any:
        class Derived(kind):  # type: ignore[misc]
            def initialize(self, ctx: Any) -> None:
                super().initialize(ctx)
                self.model = Always()

        return Derived

    asked = Asked(archive_of("sequence_classification"), derive=derive)
    assert [told.answer for told in asked.predict(TEXT, "it was bad")] == [LABELS[2], LABELS[2]]


def test_insights_of_its_own_are_asked_row_by_row(archive_of: ArchiveOf) -> None:
    def derive(kind: Any) -> Any:
        class Derived(kind):  # type: ignore[misc]
            def get_insights(self, input_batch: Any, text: Any, target: Any) -> Any:
                return [{"tokens": int(input_batch[1].sum()), "text": text, "target": target}]

        return Derived

    asked = Asked(archive_of("sequence_classification"), derive=derive)
    told = asked.rows([{"data": TEXT, "target": 1}, {"body": "it"}], explain=True)
    assert [one.answer for one in told] == [
        {"tokens": 6, "text": TEXT, "target": 1},
        {"tokens": 3, "text": "it", "target": None},
    ]


class TestModuleFunctions:
    def test_a_baseline_pads_all_but_special_tokens(self, ancestor: AncestorOf) -> None:
        asked = ancestor("question_answering")
        made = asked.module.construct_input_ref(
            "{'question': 'was it', 'context': 'good'}",
            asked.handler.tokenizer,
            torch.device("cpu"),
            "question_answering",
        )
        ids, baseline, mask = (tensor.tolist() for tensor in made)
        assert asked.module.get_word_token(made[0], asked.handler.tokenizer) == [
            "[CLS]", "was", "it", "[SEP]", "good", "[SEP]",
        ]  # fmt: skip
        assert baseline == [[2, 0, 0, 3, 0, 3]]
        assert (len(ids[0]), mask) == (6, [[1] * 6])

    def test_the_outputs_are_told_by_their_place(self, archive_of: ArchiveOf, ancestor: AncestorOf) -> None:
        asked = ancestor("question_answering")
        ids = torch.tensor([[2, 5, 3]])
        model = asked.handler.model
        ends = asked.module.captum_sequence_forward(ids, torch.ones_like(ids), 1, model)
        assert torch.equal(ends, model(ids, torch.ones_like(ids)).end_logits)

    def test_attributions_are_summed_to_the_norm_1(self, ancestor: AncestorOf) -> None:
        summarize = ancestor("question_answering").module.summarize_attributions
        assert summarize(torch.tensor([[[1.0, 2.0], [4.0, 0.0]]])).tolist() == pytest.approx([0.6, 0.8])
        assert summarize(torch.zeros(1, 2, 2)).tolist() == [0, 0]


class TestNeuron:
    def test_without_neurons_libraries_a_model_for_them_is_refused(self, archive_of: ArchiveOf) -> None:
        archive = archive_of("sequence_classification", "torchscript").with_settings(hardware="neuronx", batch_size=4)
        with pytest.raises(Exception, match="needs the package torch_neuronx, which is not installed here"):
            Asked(archive, "Transformer_handler_generalized_neuron")

    @pytest.mark.parametrize("rows", [1, 2, 4])
    def test_a_batch_with_fewer_rows_than_the_model_takes_is_filled_up(
        self, archive_of: ArchiveOf, ancestor: AncestorOf, rows: int
    ) -> None:
        archive = archive_of("sequence_classification", "torchscript").with_settings(hardware="cpu", batch_size=4)
        asked = Asked(archive, "Transformer_handler_generalized_neuron")
        bodies = (BODIES["sequence_classification"] * 2)[:rows]
        assert asked.predict(*bodies) == ancestor("sequence_classification").predict(*bodies)

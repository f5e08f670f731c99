"""Every architecture with embeddings can be differentiated, alone and in batches, beside the model that serves."""

import copy
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
import torch
from transformers import (
    FunnelConfig,
    FunnelForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    LongformerConfig,
    LongformerForSequenceClassification,
    PreTrainedModel,
    ReformerConfig,
    ReformerForQuestionAnswering,
)

from tests.predictor.engines.packed.architectures import HEADS, PACKED, REFUSED, Architecture, sequences
from transformermodel_predictor.engines.packed.last_layer import layers_of
from transformermodel_predictor.engines.packed.parity import pack
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.explanation import Baseline, Options
from transformermodel_predictor.explanations.methods import integrated_gradients
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.objectives import ClassLogit, ContinuationLogProbability
from transformermodel_predictor.explanations.packed_twin import PackedTwin
from transformermodel_predictor.explanations.plain_twin import PlainTwin
from transformermodel_predictor.explanations.probes import Frame, probes_for
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.target import Objective, Target
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import sharing_weights, twin_of

UNPACKED = tuple(architecture for architecture in REFUSED if not architecture.configuration)
ENCODERS = [(architecture, head) for architecture in (*PACKED, *UNPACKED) for head in HEADS]
NAMES = [f"{architecture.name}{head}" for architecture, head in ENCODERS]


@cache
def decoder(kind: str) -> PreTrainedModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**sizes, intermediate_size=48, initializer_range=0.3)).eval()
    return GPT2LMHeadModel(GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=2, initializer_range=0.3)).eval()


def targets(model: PreTrainedModel) -> list[Target]:
    """Three texts, two of one length."""
    short, long = probes_for(model.config, Frame(before=(5,), after=(6,)))
    (other,) = sequences(len(long.encoding))
    return [long, short, replace(long, encoding=other)]


def rows(twin: Twin, asked: Sequence[Target]) -> list[GradientRow]:
    return [GradientRow(one.encoding, twin.embed(one.encoding), one.objective) for one in asked]


def assert_equal(found: Sequence[Result], expected: Sequence[Result]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-4, abs=1e-4)
        assert one.gradient is not None
        assert other.gradient is not None
        size = float(other.gradient.abs().max())
        assert size > 0
        torch.testing.assert_close(one.gradient, other.gradient, rtol=0, atol=1e-5 * size)


def assert_complete(twin: Twin, model: PreTrainedModel, asked: Target) -> None:
    access = ModelAccess({Baseline.Pad: 0}, twin.embed)
    found = drive(
        integrated_gradients.attribute(asked, Options(most_steps=1000), access), PretrainedEngine(model), twin
    )
    assert found.delta is not None
    assert abs(found.delta) <= 0.02 * abs(sum(found.values) - found.delta) + 1e-5
    assert found.values[0] == found.values[-1] == 0


@pytest.mark.parametrize(("architecture", "head"), ENCODERS, ids=NAMES)
def test_encoders(architecture: Architecture, head: str) -> None:
    model = architecture.model(head)
    plain, best = PlainTwin(sharing_weights(model)), twin_of(model)
    assert isinstance(best, PlainTwin) == (architecture not in PACKED)
    asked = rows(plain, targets(model))
    alone = [result for row in asked for result in plain.run([row])]
    assert_equal(plain.run(asked), alone)
    assert_equal(best.run(rows(best, targets(model))), alone)
    assert_complete(best, model, targets(model)[0])


def test_a_model_that_fills_texts_up_to_its_windows() -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    configuration = LongformerConfig(vocab_size=99, attention_window=8, initializer_range=0.3, **sizes)
    model = LongformerForSequenceClassification(configuration).eval()
    twin = twin_of(model)
    for asked in targets(model):
        assert len(twin.embed(asked.encoding)) == len(asked.encoding)
        assert_complete(twin, model, asked)


@pytest.mark.parametrize("length", [2, 3, 5, 9])
def test_a_model_that_short_texts_are_filled_up_for(length: int) -> None:
    torch.manual_seed(0)
    sizes = {"d_model": 32, "n_head": 2, "d_head": 16, "d_inner": 48, "initializer_std": 0.3}
    model = FunnelForSequenceClassification(
        FunnelConfig(vocab_size=99, block_sizes=[1, 1, 1], pad_token_id=2, **sizes)
    ).eval()
    engine = PretrainedEngine(model)
    engine.try_padding()
    twin, (text,) = twin_of(model), sequences(length)
    asked = Target("text", text, ClassLogit(0), 1.0, (None, *range(length - 2), None))
    assert twin.embed(text).shape == (length, 32)
    (result,) = twin.run(rows(twin, [asked]))
    assert result.value == pytest.approx(float(engine.run([text])[0]["logits"][0]), abs=1e-4)
    assert result.gradient is not None
    assert result.gradient.shape == (length, 32)


@pytest.mark.parametrize("name", ["Bert", "Roberta", "Electra"])
def test_of_a_classifiers_last_layer_no_more_is_computed_than_its_head_reads(name: str) -> None:
    model = Architecture(name).model(HEADS[0])
    twin = PackedTwin(pack(sharing_weights(model)))
    computed: list[int] = []
    for layer in layers_of(twin._packed.model):
        layer.intermediate.register_forward_hook(lambda _, __, rows: computed.append(rows.shape[1]))  # type: ignore[union-attr]
    asked = rows(twin, targets(model))
    twin.run(asked)
    tokens = sum(len(row.encoding) for row in asked)
    assert computed == [*[tokens] * (len(computed) - 1), len(asked)]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_decoders(kind: str) -> None:
    model = decoder(kind)
    twin = twin_of(model)
    assert isinstance(twin, PlainTwin)
    asked = rows(twin, targets(model))
    assert_equal(twin.run(asked), [result for row in asked for result in twin.run([row])])
    assert_complete(twin, model, targets(model)[0])


class Hidden:
    """An objective that a twin knows nothing about."""

    def __init__(self, objective: Objective) -> None:
        self.value = objective.value


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_of_a_prompt_no_logits_are_computed_but_those_that_are_looked_at(kind: str) -> None:
    twin = twin_of(decoder(kind))
    assert isinstance(twin, PlainTwin)
    asked = [
        replace(one, objective=ContinuationLogProbability((length - 2, length - 1), (5, 7)))
        for one in targets(decoder(kind))
        for length in [len(one.encoding)]
    ]
    asked[0] = replace(asked[0], objective=ContinuationLogProbability((len(asked[0].encoding) - 3,), (5,)))
    computed: list[int] = []
    head = twin._model.get_output_embeddings()
    assert head is not None

    def note(_: object, states: tuple[torch.Tensor, ...], logits: torch.Tensor) -> None:
        assert states[0].is_contiguous()  # or PyTorch multiplies row by row
        computed.append(logits.shape[1])

    head.register_forward_hook(note)
    found = twin.run(rows(twin, asked))
    assert sorted(computed) == [1, 2, 2]
    everything = [replace(one, objective=Hidden(one.objective)) for one in asked]
    assert_equal(found, twin.run(rows(twin, everything)))


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_tokens_after_those_that_are_looked_at_are_not_run_and_have_no_gradient(kind: str) -> None:
    twin = twin_of(decoder(kind))
    assert isinstance(twin, PlainTwin)
    (asked,) = rows(twin, [replace(targets(decoder(kind))[0], objective=ContinuationLogProbability((3, 4), (5, 7)))])
    run: list[int] = []
    next(iter(layers_of(twin._model))).register_forward_hook(lambda _, given, __: run.append(given[0].shape[1]))
    found = twin.run([asked])
    assert run == [5]
    assert found[0].gradient is not None
    assert not found[0].gradient[5:].any()
    assert_equal(found, twin.run([replace(asked, objective=Hidden(asked.objective))]))
    assert run == [5, len(asked.encoding)]


def assert_as_by_themselves(twin: Twin, row: GradientRow, *further: Objective) -> None:
    """Several objectives of a row, beside another row with one, are told what passes of their own tell."""
    together, other = twin.run([replace(row, further=further), row])
    assert len(together.further) == len(further)
    assert not other.further
    alone = [twin.run([replace(row, objective=one)])[0] for one in (row.objective, *further)]
    assert_equal([replace(together, further=()), *together.further, other], [*alone, alone[0]])


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_tokens_of_one_text_share_the_pass_forward(kind: str) -> None:
    twin = twin_of(decoder(kind))
    first, *further = (ContinuationLogProbability((place,), (place + 3,)) for place in (4, 2, 6))
    (row,) = rows(twin, [replace(targets(decoder(kind))[0], objective=first)])
    assert_as_by_themselves(twin, row, *further)
    assert_as_by_themselves(twin, row, further[0], Hidden(further[1]))


@pytest.mark.parametrize("twin_type", [PlainTwin, PackedTwin])
def test_classes_of_one_text_share_the_pass_forward(twin_type: type[PlainTwin] | type[PackedTwin]) -> None:
    own = sharing_weights(Architecture("Bert").model(HEADS[0]))
    twin = PackedTwin(pack(own)) if twin_type is PackedTwin else PlainTwin(own)
    (row,) = rows(twin, [replace(targets(own)[0], objective=ClassLogit(0))])
    assert_as_by_themselves(twin, row, ClassLogit(1))


@pytest.mark.parametrize("twin_type", [PlainTwin, PackedTwin])
def test_the_value_at_the_text_is_what_the_model_answers(twin_type: type[PlainTwin] | type[PackedTwin]) -> None:
    model = Architecture("Roberta").model(HEADS[0])
    own = sharing_weights(model)
    twin = PackedTwin(pack(own)) if twin_type is PackedTwin else PlainTwin(own)
    asked = targets(model)
    engine = PretrainedEngine(model)
    expected = [float(one.objective.value(engine.run([one.encoding])[0])) for one in asked]
    assert [result.value for result in twin.run(rows(twin, asked))] == pytest.approx(expected, abs=1e-4)


def test_a_baseline_of_padding_keeps_the_places_of_the_tokens() -> None:
    """RoBERTa counts padding out where it is not told the positions."""
    model = Architecture("Roberta").model(HEADS[0])
    (text,) = sequences(6)
    padded = replace(text, features={"input_ids": [*text.features["input_ids"][:-1], model.config.pad_token_id]})
    for twin in (twin_of(model), twin_of(model, packed=False)):
        assert torch.equal(twin.embed(padded)[:-1], twin.embed(text)[:-1])


def test_no_weight_is_copied_and_the_model_keeps_its_own_modules() -> None:
    model = Architecture("Bert").model(HEADS[0])
    copied = sharing_weights(model)
    pairs = list(zip(copied.parameters(), model.parameters(), strict=True))
    assert all(one.data_ptr() == other.data_ptr() for one, other in pairs)
    assert not any(one.requires_grad for one, _ in pairs)
    assert all(other.requires_grad for _, other in pairs)
    assert not set(copied.modules()) & set(model.modules())


def test_tied_weights_stay_tied() -> None:
    copied = sharing_weights(decoder("gpt2"))
    assert copied.get_input_embeddings().weight is copied.get_output_embeddings().weight  # type: ignore[union-attr]


def test_predictions_meanwhile_are_not_disturbed() -> None:
    model = Architecture("Bert").model(HEADS[0])
    engine, before = PretrainedEngine(model), copy.deepcopy(model.state_dict())
    batch = sequences(5, 9)
    expected = engine.run(batch)
    twin = twin_of(model, packed=False)
    asked = rows(twin, targets(model)) * 4
    explained = threading.Event()

    def explain() -> None:
        for _ in range(10):
            twin.run(asked)
        explained.set()

    thread = threading.Thread(target=explain)
    thread.start()
    while not explained.is_set():
        for one, other in zip(engine.run(batch), expected, strict=True):
            assert torch.equal(one["logits"], other["logits"])
    thread.join()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_that_embeds_twice_says_so() -> None:
    model = Architecture("Bert").model(HEADS[0])
    module, run = model.base_model.embeddings, model.forward

    def twice(**given: object) -> object:
        module(input_ids=given["input_ids"])
        return run(**given)

    twin = PlainTwin(model)
    asked = rows(twin, targets(model)[:1])
    model.forward = twice
    with pytest.raises(NotDifferentiable, match="calls its embeddings 2 times"):
        twin.run(asked)


def test_a_model_that_has_gradients_only_while_it_is_trained_says_so() -> None:
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "attention_head_size": 8, "feed_forward_size": 24}
    places = {"axial_pos_shape": (4, 4), "axial_pos_embds_dim": (8, 8), "max_position_embeddings": 16}
    layers = {"attn_layers": ["local"], "local_attn_chunk_length": 4, "is_decoder": False}
    model = ReformerForQuestionAnswering(ReformerConfig(vocab_size=20, **sizes, **places, **layers))
    with pytest.raises(NotDifferentiable, match="has gradients only while it is trained"):
        twin_of(model)


def test_what_does_not_depend_on_the_text_has_no_gradient() -> None:
    class Constant:
        def value(self, _: object) -> torch.Tensor:
            return torch.tensor(1.0)

    twin = twin_of(Architecture("Bert").model(HEADS[0]))
    (row,) = rows(twin, targets(Architecture("Bert").model(HEADS[0]))[:1])  # type: ignore[attr-defined]
    with pytest.raises(NotDifferentiable, match="does not depend"):
        twin.run([replace(row, objective=Constant())])

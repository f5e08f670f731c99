"""Models that look tokens up in an order or a number of times of their own: the values are Captum's, in float64.

Captum is given embeddings by the argument that models have for them, `inputs_embeds`, and so knows nothing of the way
in which a model looks up a text.
"""

import copy
from collections.abc import Callable, Sequence

import pytest
import torch
from captum.attr import IntegratedGradients
from transformers import (
    BartConfig,
    BartForQuestionAnswering,
    BartForSequenceClassification,
    CTRLConfig,
    CTRLForSequenceClassification,
    LEDConfig,
    LEDForQuestionAnswering,
    MBartConfig,
    MBartForSequenceClassification,
    PreTrainedModel,
    T5Config,
    T5ForQuestionAnswering,
    T5ForSequenceClassification,
    T5ForTokenClassification,
    XLNetConfig,
    XLNetForQuestionAnsweringSimple,
    XLNetForSequenceClassification,
)

from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.available_methods import AvailableMethods
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.explanation import Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.objectives import PlaceLogit
from transformermodel_predictor.explanations.probes import Frame, probes_for
from transformermodel_predictor.explanations.rows import GradientRow
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.tasks.task import Encoding

PAD, BEGIN, END, STEPS = 0, 1, 2, 8
TEXT = (BEGIN, 7, 30, 31, 7, 12, END)

_WIDTHS = {"vocab_size": 40, "d_model": 16, "init_std": 0.3, "pad_token_id": PAD, "bos_token_id": BEGIN} | {
    f"{part}_{size}": number
    for part in ("encoder", "decoder")
    for size, number in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 24))
}
_BART = {**_WIDTHS, "eos_token_id": END, "decoder_start_token_id": END, "scale_embedding": True}


def t5() -> T5Config:
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": PAD}
    return T5Config(vocab_size=40, **sizes, eos_token_id=END, num_labels=2)


def xlnet() -> XLNetConfig:
    return XLNetConfig(vocab_size=40, d_model=16, n_layer=2, n_head=2, d_inner=24, initializer_range=0.3)


def with_tables_of_their_own(model: PreTrainedModel) -> PreTrainedModel:
    """Encoder and decoder embed the same token differently."""
    torch.manual_seed(1)
    model.base_model.decoder.embed_tokens = copy.deepcopy(model.base_model.decoder.embed_tokens)
    torch.nn.init.normal_(model.base_model.decoder.embed_tokens.weight)
    return model


READERS: dict[str, Callable[[], PreTrainedModel]] = {
    "XLNet": lambda: XLNetForQuestionAnsweringSimple(xlnet()),
    "T5": lambda: T5ForQuestionAnswering(t5()),
    "BART": lambda: BartForQuestionAnswering(BartConfig(**_BART)),
    "BART with two tables": lambda: with_tables_of_their_own(BartForQuestionAnswering(BartConfig(**_BART))),
    "LED": lambda: LEDForQuestionAnswering(LEDConfig(**_BART, attention_window=4)),
}
CLASSIFIERS: dict[str, Callable[[], PreTrainedModel]] = {
    "XLNet": lambda: XLNetForSequenceClassification(xlnet()),
    "T5": lambda: T5ForSequenceClassification(t5()),
    "T5 for tokens": lambda: T5ForTokenClassification(t5()),
    "BART": lambda: BartForSequenceClassification(BartConfig(**_BART)),
    "mBART": lambda: MBartForSequenceClassification(MBartConfig(**_BART)),
    "CTRL": lambda: CTRLForSequenceClassification(
        CTRLConfig(vocab_size=40, n_embd=16, dff=24, n_layer=2, n_head=2, pad_token_id=PAD)
    ),
}


def made(make: Callable[[], PreTrainedModel]) -> PreTrainedModel:
    torch.manual_seed(0)
    return make().eval()


def target(tokens: Sequence[int] = TEXT) -> Target:
    features = (None, *range(len(tokens) - 2), None)
    return Target("start", Encoding({"input_ids": list(tokens)}), PlaceLogit("start_logits", 2), 1.0, features)


def ours(model: PreTrainedModel, asked: Target) -> Attribution:
    twin = twin_of(model)
    options = Options(Method.IntegratedGradients, steps=STEPS, most_steps=STEPS)
    steps = METHODS[options.method](asked, options, ModelAccess({Baseline.Pad: PAD}, twin.embed))
    return drive(steps, PretrainedEngine(model), twin)


class Captum:
    """A model that is told embeddings, the decoder's of the token before each where there is a decoder."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._twice = model.config.is_encoder_decoder
        stacks = [model.get_encoder(), model.get_decoder()] if self._twice else [model]  # type: ignore[no-untyped-call]
        self._tables = [stack.get_input_embeddings() for stack in stacks]

    def embedded(self, tokens: Sequence[int]) -> tuple[torch.Tensor, ...]:
        return tuple(table(torch.tensor([list(tokens)])).detach() for table in self._tables)

    def start(self, embedded: torch.Tensor, decoded: torch.Tensor | None = None) -> torch.Tensor:
        given = {"inputs_embeds": embedded, "use_cache": False} if self._twice else {"inputs_embeds": embedded}
        if decoded is not None:
            first = self._tables[-1](torch.tensor([[self._model.config.decoder_start_token_id]]))
            given["decoder_inputs_embeds"] = torch.cat([first.expand(len(decoded), -1, -1), decoded[:, :-1]], dim=1)
        logits: torch.Tensor = self._model(**given).start_logits
        return logits[:, 2]

    def values(self, tokens: Sequence[int]) -> list[float]:
        others = (tokens[0], *[PAD] * (len(tokens) - 2), tokens[-1])
        found = IntegratedGradients(self.start).attribute(self.embedded(tokens), self.embedded(others), n_steps=STEPS)
        return [float(value) for value in sum(part.sum(dim=2)[0] for part in found)]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", READERS)
def test_values_are_captums_however_often_and_in_whatever_order_a_text_is_looked_up(name: str) -> None:
    model = made(READERS[name]).double()
    expected = Captum(model).values(TEXT)
    assert any(abs(value) > 1e-4 for value in expected)
    assert ours(model, target()).values == pytest.approx(expected, abs=1e-6)  # Captum's weights are float32


@pytest.mark.parametrize("name", READERS)
def test_rows_together_give_what_each_gives_alone_and_what_the_model_answers(name: str) -> None:
    model = made(READERS[name])
    twin, engine = twin_of(model), PretrainedEngine(model)
    asked = [target(), target((*TEXT[:3], 9, *TEXT[4:])), target(TEXT[:4])]
    rows = [GradientRow(one.encoding, twin.embed(one.encoding), one.objective) for one in asked]
    for row, found in zip(rows, twin.run(rows), strict=True):
        (alone,) = twin.run([row])
        (answer,) = engine.run([row.encoding])
        assert found.value == pytest.approx(float(row.objective.value(answer)), abs=1e-4)
        assert found.gradient is not None
        assert alone.gradient is not None
        assert found.gradient.any()
        torch.testing.assert_close(found.gradient, alone.gradient, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_methods_with_gradients_are_offered(name: str) -> None:
    """BART and T5 look for the token at the end of a text, and CTRL writes into what it has looked up."""
    model = made(CLASSIFIERS[name])
    twin = twin_of(model)
    frame = Frame((BEGIN,), (END,), frozenset((PAD, BEGIN, END)))
    found = AvailableMethods(ModelAccess({Baseline.Pad: PAD}, twin.embed), probes_for(model.config, frame))
    drive(found.trial(Method.IntegratedGradients, Baseline.Pad), PretrainedEngine(model), twin)
    assert found.reason_against(Method.IntegratedGradients, Baseline.Pad) is None


def test_a_model_that_looks_up_other_tokens_says_so() -> None:
    model = made(READERS["XLNet"])
    twin = twin_of(model)
    row = GradientRow(target().encoding, twin.embed(target().encoding), target().objective)
    table = twin._model.get_input_embeddings()  # type: ignore[attr-defined]
    table.register_forward_pre_hook(lambda _, called: (called[0].flip(0),))
    with pytest.raises(NotDifferentiable, match="embeds the tokens of a text in another order"):
        twin.run([row])

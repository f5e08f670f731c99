from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    FNetConfig,
    FunnelConfig,
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    XLNetConfig,
    pipeline,
)

from tests.predictor.tiny import CANDIDATE, LABELS, MAX_LENGTH, save_tiny_checkpoint
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.engines import padding
from transformermodel_predictor.engines.buckets import Buckets
from transformermodel_predictor.engines.catalogue import load_engine
from transformermodel_predictor.engines.engine import Engine, computed_by
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.engines.fewest import fewest_tokens
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.engines.tiles import Tiles
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task
from transformermodel_predictor.tasks.task import Encoding

XLNET = XLNetConfig(vocab_size=32, d_model=16, n_layer=1, n_head=2, d_inner=16, num_labels=3, pad_token_id=1)
FUNNEL = {"d_model": 16, "n_head": 2, "d_head": 8, "d_inner": 16}
TEXTS = ("good", "i love this movie", "it was bad " * 4, "hate", "i love this movie it was good")


def load(directory: Path, labels: tuple[str, ...] = LABELS) -> Engine:
    task = make_task(TaskName.SequenceClassification, TaskConfiguration(labels, MAX_LENGTH))
    return load_engine(directory, CANDIDATE, task)


def logits(engine: Engine, encodings: list[Encoding]) -> torch.Tensor:
    return torch.stack([outputs["logits"] for outputs in engine.run(encodings)])


def encodings(*lengths: int) -> list[Encoding]:
    return [Encoding({"input_ids": [5 + index % 9 for index in range(length)]}) for length in lengths]


def test_answers_agree_with_transformers_own_pipeline(tiny_model: LoadedModel, tiny_artifact: Artifact) -> None:
    reference: Any = pipeline("text-classification", model=str(tiny_artifact.path), device="cpu", top_k=None)
    for text, answer in zip(TEXTS, tiny_model.answer([{"text": text} for text in TEXTS], {"top_k": 3}), strict=True):
        (expected,) = reference([text], truncation=True, max_length=MAX_LENGTH)
        assert answer["label"] == [item["label"] for item in expected]
        assert answer["score"] == pytest.approx([item["score"] for item in expected], abs=1e-5)


def test_a_pair_agrees_with_transformers_own_pipeline(tiny_model: LoadedModel, tiny_artifact: Artifact) -> None:
    reference: Any = pipeline("text-classification", model=str(tiny_artifact.path), device="cpu", top_k=None)
    expected = reference({"text": "i love this", "text_pair": "it was bad"})
    (answer,) = tiny_model.answer([{"text": "i love this", "text_pair": "it was bad"}], {"top_k": 3})
    assert answer["score"] == pytest.approx([item["score"] for item in expected], abs=1e-5)


def test_a_text_is_answered_alike_alone_and_in_a_padded_batch(tiny_model: LoadedModel) -> None:
    encoded = [window for (window,) in tiny_model.task.encode(tiny_model.tokenizer, tiny_model.task.probes)]
    together = logits(tiny_model.engine, encoded)
    alone = torch.cat([logits(tiny_model.engine, [encoding]) for encoding in encoded])
    assert together.dtype is torch.float32
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_half_precision_weights_run_in_float32(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path)
    weights = load_file(path / "model.safetensors")
    save_file(
        {name: weight.half() for name, weight in weights.items()}, path / "model.safetensors", metadata={"format": "pt"}
    )
    assert logits(load(path), encodings(4)).dtype is torch.float32


@pytest.mark.parametrize("pad_token", [None, -1, 16])
def test_a_model_that_knows_no_padding_answers_a_batch_row_by_row(pad_token: int | None, tmp_path: Path) -> None:
    """Some configurations name a token for it that the model has no embedding for."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=16, n_positions=32, n_embd=16, n_layer=1, n_head=2, num_labels=3)
    config.pad_token_id = pad_token
    GPT2ForSequenceClassification(config).save_pretrained(tmp_path)
    engine = load(tmp_path)
    rows = encodings(2, 7, 4)
    torch.testing.assert_close(logits(engine, rows), torch.cat([logits(engine, [row]) for row in rows]))


@pytest.mark.parametrize(
    ("configuration", "changed"),
    [
        (XLNET, True),
        (FNetConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, intermediate_size=16, num_labels=3), True),
        (
            FunnelConfig(
                vocab_size=32, block_sizes=[1, 1, 1], num_labels=3, initializer_std=0.3, pad_token_id=2, **FUNNEL
            ),
            True,
        ),
        (BertConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, num_labels=3), False),
    ],
    ids=["XLNet", "FNet", "Funnel", "BERT"],
)
def test_a_model_that_padding_changes_answers_a_batch_row_by_row(
    configuration: PreTrainedConfig, changed: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(configuration).save_pretrained(tmp_path)
    engine = load(tmp_path)
    rows = encodings(2, 7, 4)
    alone = torch.cat([logits(engine, [row]) for row in rows])
    torch.testing.assert_close(logits(engine, rows), alone, atol=1e-5, rtol=0)
    assert ("padding changes what it gives" in caplog.text) is changed


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
def test_what_rounding_would_hide_is_found_because_a_model_is_tried_in_float32(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    config = FunnelConfig(
        vocab_size=32, block_sizes=[1, 1, 1], num_labels=3, initializer_std=0.1, pad_token_id=2, **FUNNEL
    )
    model = AutoModelForSequenceClassification.from_config(config).eval().to(dtype)
    engine = PretrainedEngine(model)
    engine.try_padding()
    assert computed_by(engine)([5, 9]) == 5 + 9
    assert {weight.dtype for weight in model.parameters()} == {dtype}


def test_a_large_model_is_tried_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding, "_MOST_COPIED_BYTES", 1000)
    model = AutoModelForSequenceClassification.from_config(XLNET).eval().to(torch.bfloat16)
    computed: set[torch.dtype] = set()
    model.logits_proj.register_forward_hook(lambda _, __, logits: computed.add(logits.dtype))
    PretrainedEngine(model).try_padding()
    assert computed == {torch.bfloat16}


@pytest.mark.parametrize("shapes", [None, Buckets((1, 2, 4), (16,)), Tiles(16, 512)], ids=["any", "compiled", "tiles"])
def test_whether_padding_changes_a_model_is_found_whatever_its_batches_are_filled_up_to(
    shapes: Buckets | Tiles | None,
) -> None:
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(XLNET).eval()
    engine = PretrainedEngine(model, shapes)
    engine.try_padding()
    rows = encodings(2, 7, 4)
    alone = torch.cat([logits(PretrainedEngine(model), [row]) for row in rows])
    torch.testing.assert_close(logits(engine, rows), alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_text_too_short_for_the_model_is_filled_up(blocks: int) -> None:
    """Funnel fails on a word or two, and on nothing."""
    torch.manual_seed(0)
    config = FunnelConfig(vocab_size=32, block_sizes=[1] * blocks, num_labels=3, pad_token_id=2, **FUNNEL)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    engine = PretrainedEngine(model)
    engine.try_padding()
    rows = encodings(1, 2, 3, 4, 5, 9, 17)
    alone = torch.cat([logits(engine, [row]) for row in rows])
    torch.testing.assert_close(logits(engine, rows), alone, atol=1e-5, rtol=0)
    assert computed_by(engine)([1]) == fewest_tokens(model)


def resident_of(file: Path) -> int:
    """Bytes of a file that are mapped into this process's memory at present."""
    found, path = 0, ""
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            path = words[-1]
        elif words[0] == "Rss:" and path == str(file):
            found += 1024 * int(words[1])
    return found


def test_embeddings_stay_in_the_file_until_texts_need_them(tmp_path: Path) -> None:
    """Though all of them are read when padding is tried."""
    config = BertConfig(
        vocab_size=40_000, hidden_size=128, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    config.num_labels = 3
    AutoModelForSequenceClassification.from_config(config).bfloat16().save_pretrained(tmp_path)
    task = make_task(TaskName.SequenceClassification, TaskConfiguration(LABELS, MAX_LENGTH))
    engine = PretrainedEngine.load(tmp_path, task, Precision.BFloat16)
    file = tmp_path / "model.safetensors"
    assert resident_of(file) < file.stat().st_size / 2
    assert engine.model.get_input_embeddings().weight.dtype is torch.bfloat16


def shapes_of(model: PreTrainedModel, engine: Engine, rows: list[Encoding]) -> list[tuple[int, ...]]:
    """Of what a model is given."""
    given: list[tuple[int, ...]] = []

    def note(_: object, __: object, features: dict[str, torch.Tensor]) -> None:
        given.append(tuple(features["input_ids"].shape))

    hook = model.register_forward_pre_hook(note, with_kwargs=True)
    engine.run(rows)
    hook.remove()
    return given


class TestFewLengths:
    """oneDNN compiles the linears of bfloat16 for each number of tokens."""

    def load(self, path: Path, precision: Precision, most: int = 64) -> PretrainedEngine:
        task = make_task(TaskName.SequenceClassification, TaskConfiguration(LABELS, most))
        return PretrainedEngine.load(save_tiny_checkpoint(path), task, precision, execution=Execution(max_length=most))

    @pytest.mark.parametrize(
        ("precision", "filled"), [(Precision.BFloat16, 16), (Precision.Float16, 16), (Precision.Float32, 9)]
    )
    def test_rows_are_filled_up_where_numbers_are_shorter(
        self, precision: Precision, filled: int, tmp_path: Path
    ) -> None:
        engine = self.load(tmp_path, precision)
        assert shapes_of(engine.model, engine, encodings(3, 9)) == [(2, filled)]
        assert computed_by(engine)([3, 9]) == 2 * filled

    @pytest.mark.parametrize("most", [50, 512])
    def test_no_row_is_longer_than_what_comes_or_the_models_positions(self, most: int, tmp_path: Path) -> None:
        engine = self.load(tmp_path, Precision.BFloat16, most)
        length = min(most, 64)  # positions
        assert shapes_of(engine.model, engine, encodings(length - 1)) == [(1, length)]

    def test_what_rows_are_filled_up_with_changes_nothing(self, tmp_path: Path) -> None:
        engine, rows = self.load(tmp_path, Precision.BFloat16), encodings(3, 9, 17)
        plain = logits(PretrainedEngine(engine.model), rows)
        torch.testing.assert_close(logits(engine, rows), plain, atol=0.02 * float(plain.abs().max()), rtol=0)

    def test_a_model_that_knows_no_padding_is_given_none(self) -> None:
        torch.manual_seed(0)
        config = GPT2Config(vocab_size=16, n_positions=32, n_embd=16, n_layer=1, n_head=2, pad_token_id=None)
        engine = PretrainedEngine(GPT2ForSequenceClassification(config).eval(), Tiles(16, 32))
        assert shapes_of(engine.model, engine, encodings(3, 9)) == [(1, 3), (1, 9)]
        assert computed_by(engine)([3, 9]) == 12


def test_a_compiled_model_that_knows_no_padding_is_given_none() -> None:
    torch.manual_seed(0)
    shape = {"vocab_size": 16, "n_positions": 32, "n_embd": 16, "n_layer": 1, "n_head": 2, "num_labels": 3}
    model = GPT2ForSequenceClassification(GPT2Config(**shape, pad_token_id=None)).eval()
    compiled, plain = PretrainedEngine(model, Buckets((1, 2), (16,))), PretrainedEngine(model)
    torch.testing.assert_close(logits(compiled, encodings(2, 7)), logits(plain, encodings(2, 7)))


def test_what_the_tokenizer_gives_and_the_model_does_not_take_is_left_out(tmp_path: Path) -> None:
    config = DistilBertConfig(
        vocab_size=16, dim=16, hidden_dim=16, n_layers=1, n_heads=2, max_position_embeddings=16, num_labels=3
    )
    DistilBertForSequenceClassification(config).save_pretrained(tmp_path)
    row = Encoding({"input_ids": [5, 6], "token_type_ids": [0, 0]})
    assert logits(load(tmp_path), [row]).shape == (1, 3)


class TestRefusal:
    def test_weights_without_the_head_are_named(self, tmp_path: Path) -> None:
        path = save_tiny_checkpoint(tmp_path)
        weights = load_file(path / "model.safetensors")
        del weights["classifier.weight"]
        save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(PreparationFailed, match=r"WeightsMismatch: .* classifier\.weight \(missing\)"):
            load(path)

    def test_weights_of_another_shape_are_named(self, tmp_path: Path) -> None:
        path = save_tiny_checkpoint(tmp_path)
        weights = load_file(path / "model.safetensors")
        weights["classifier.bias"] = torch.zeros(7)
        save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(PreparationFailed, match=r"WeightsMismatch: .* classifier\.bias \(has the shape "):
            load(path)

    def test_labels_that_do_not_fit_the_head(self, tiny_artifact: Artifact) -> None:
        with pytest.raises(PreparationFailed, match="has 3 classes, but 2 labels are named"):
            load(tiny_artifact.path, labels=("NO", "YES"))

    def test_a_folder_without_safetensors(self, tmp_path: Path) -> None:
        path = save_tiny_checkpoint(tmp_path)
        (path / "model.safetensors").rename(path / "pytorch_model.bin")
        with pytest.raises(PreparationFailed, match="UnsupportedSource"):
            load(path)

    def test_an_architecture_without_this_head(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text('{"model_type": "vit"}')
        with pytest.raises(PreparationFailed, match="UnsupportedArchitecture"):
            load(tmp_path)


def test_loading_says_nothing_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = save_tiny_checkpoint(tmp_path)
    capfd.readouterr()
    load(path)
    assert capfd.readouterr() == ("", "")

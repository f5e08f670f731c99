"""What the ancestor's handler loads: archives as people made them, with what is missing in them or wrong."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.hub.server import HubServer, serving
from tests.predictor.tiny import LABELS as CHECKPOINT_LABELS
from tests.predictor.torchserve.ancestor.archives import AncestorArchive, make_archive
from tests.predictor.torchserve.ancestor.asking import Asked
from transformermodel_api.errors import TransformerModelError, UserError
from transformermodel_predictor.torchserve.archive import ArchiveFormat, write_archive
from transformermodel_predictor.torchserve.packing import ArchiveOptions, pack_handler
from transformermodel_predictor.torchserve.reading.opening import open_archive

ArchiveOf = Callable[..., AncestorArchive]

TEXT = "i love this movie"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


@pytest.fixture
def copied(archive_of: ArchiveOf, tmp_path: Path) -> Callable[..., AncestorArchive]:
    """An archive of its own for a test, without some of its files."""

    def copy(mode: str, save_mode: str = "pretrained", without: tuple[str, ...] = ()) -> AncestorArchive:
        source = archive_of(mode, save_mode)
        folder = tmp_path / "archive"
        shutil.copytree(source.folder, folder, ignore=shutil.ignore_patterns(*without))
        return AncestorArchive(folder, source.settings, source.serialized)

    return copy


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(tmp_path / "hub") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def label(asked: Asked) -> Any:
    (told,) = asked.predict(TEXT)
    return told.answer


class TestLabels:
    def test_without_names_the_configuration_s_are_told(self, copied: Callable[..., AncestorArchive]) -> None:
        asked = Asked(copied("sequence_classification", without=("index_to_name.json",)))
        assert label(asked) in CHECKPOINT_LABELS
        assert asked.handler.mapping["0"] == CHECKPOINT_LABELS[0]

    def test_a_graph_without_names_has_numbers(self, copied: Callable[..., AncestorArchive]) -> None:
        asked = Asked(copied("sequence_classification", "torchscript", without=("index_to_name.json",)))
        assert label(asked) in ("LABEL_0", "LABEL_1", "LABEL_2")

    @pytest.mark.parametrize(
        "names", [["X", "Y", "Z"], {"0": "X", "1": "Y", "2": "Z"}, {"label_list": "[X, Y, Z]"}], ids=str
    )
    def test_tags_are_named_in_any_form(self, copied: Callable[..., AncestorArchive], names: object) -> None:
        archive = copied("token_classification")
        (archive.folder / "index_to_name.json").write_text(json.dumps(names))
        asked = Asked(archive)
        assert {tag for _, tag in asked.predict(TEXT)[0].answer} <= {"X", "Y", "Z"}
        assert asked.handler.mapping["label_list"] == "[X, Y, Z]"

    def test_names_that_do_not_fit_the_weights_are_refused(self, copied: Callable[..., AncestorArchive]) -> None:
        archive = copied("sequence_classification")
        (archive.folder / "index_to_name.json").write_text('{"0": "No", "1": "Yes"}')
        with pytest.raises(TransformerModelError, match=r"classifier\.bias \(has the shape \[3\], not \[2\]\)"):
            Asked(archive)


class TestWeights:
    def test_pytorchs_own_file_is_read_under_any_name(
        self, copied: Callable[..., AncestorArchive], archive_of: ArchiveOf
    ) -> None:
        archive = copied("sequence_classification")
        weights = archive.folder / "model.safetensors"
        torch.save(load_file(weights), archive.folder / "my_weights.bin")
        weights.unlink()
        asked = Asked(AncestorArchive(archive.folder, archive.settings, "my_weights.bin"))
        assert label(asked) == label(Asked(archive_of("sequence_classification")))

    def test_a_manifest_without_weights_finds_them(self, archive_of: ArchiveOf) -> None:
        asked = Asked(archive_of("sequence_classification"))
        asked.context.manifest["model"].pop("serializedFile")
        asked.handler.initialize(asked.context)
        assert label(asked)

    def test_the_settings_are_as_they_were_and_may_be_read_again(self, archive_of: ArchiveOf) -> None:
        asked = Asked(archive_of("sequence_classification"))
        before = json.dumps(asked.context.model_yaml_config)
        asked.handler.initialize(asked.context)
        assert json.dumps(asked.context.model_yaml_config) == before


class TestSettings:
    def test_all_keys_are_there_for_derived_handlers(self, copied: Callable[..., AncestorArchive]) -> None:
        archive = copied("sequence_classification")
        short = AncestorArchive(archive.folder, {"mode": "sequence_classification"}, archive.serialized)
        given = Asked(short).handler.setup_config
        assert given["mode"] == "sequence_classification"
        assert {"save_mode", "max_length", "captum_explanation", "embedding_name", "BetterTransformer"} <= given.keys()

    @pytest.mark.parametrize(
        ("name", "wrap"), [("model-config.yaml", lambda settings: {"handler": settings}), ("setup_config.json", dict)]
    )
    def test_settings_that_the_manifest_does_not_name_are_found(
        self, copied: Callable[..., AncestorArchive], name: str, wrap: Any
    ) -> None:
        archive = copied("token_classification")
        (archive.folder / name).write_text(json.dumps(wrap(dict(archive.settings))))
        asked = Asked(archive)
        asked.context.model_yaml_config = {}
        asked.handler.initialize(asked.context)
        assert asked.handler.setup_config["mode"] == "token_classification"

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"mode": "poetry"}, "handler.mode 'poetry' in model-config.yaml is not known; there are"),
            ({"save_mode": "pickle"}, "handler.save_mode 'pickle' is not known; there are pretrained and torchscript"),
            ({"max_length": "long"}, "the archive's settings cannot be used: handler.max_length must be int"),
            ({"max_length": 1}, "handler.max_length 1 leaves no room for a text"),
        ],
        ids=str,
    )
    def test_a_setting_that_cannot_be_is_named(
        self, archive_of: ArchiveOf, settings: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(TransformerModelError) as caught:
            Asked(archive_of("sequence_classification").with_settings(**settings))
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)

    def test_an_archive_that_says_nothing_is_told_what_to_add(self, copied: Callable[..., AncestorArchive]) -> None:
        archive = copied("sequence_classification", without=("model-config.yaml",))
        asked = Asked(archive)
        asked.context.model_yaml_config = None
        with pytest.raises(TransformerModelError, match=r"add model-config\.yaml with a section `handler`"):
            asked.handler.initialize(asked.context)

    def test_a_longer_limit_than_the_model_has_is_taken_for_that(
        self, archive_of: ArchiveOf, caplog: pytest.LogCaptureFixture
    ) -> None:
        asked = Asked(archive_of("sequence_classification").with_settings(max_length=150))
        assert asked.predict("good " * 200)[0].status == 200
        assert "has positions for 64 tokens; handler.max_length 150 is taken for that" in caplog.text

    def test_what_took_the_place_of_older_switches_is_logged(
        self, archive_of: ArchiveOf, caplog: pytest.LogCaptureFixture
    ) -> None:
        archive = archive_of("sequence_classification").with_settings(BetterTransformer=True, model_parallel=True)
        asked = Asked(archive)
        assert asked.handler.model.config._attn_implementation == "sdpa"
        assert "transformers' own SDPA attention takes its place" in caplog.text

    @pytest.mark.slow
    def test_a_compiled_model_answers_as_it_is(self, archive_of: ArchiveOf) -> None:
        plain = Asked(archive_of("sequence_classification"))
        document = {**plain.context.model_yaml_config, "pt2": {"compile": {"enable": True, "backend": "eager"}}}
        expected = plain.predict(TEXT, "it was bad")
        plain.context.model_yaml_config = document
        plain.handler.initialize(plain.context)
        assert plain.predict(TEXT, "it was bad") == expected
        assert document["pt2"] == {"compile": {"enable": True, "backend": "eager"}}

    @pytest.mark.parametrize(
        ("mode", "save_mode", "length"),
        [
            ("question_answering", "pretrained", 4),
            ("question_answering", "torchscript", 4),
            ("token_classification", "pretrained", 2),
        ],
    )
    def test_a_limit_with_which_nothing_can_be_answered_is_refused(
        self, archive_of: ArchiveOf, mode: str, save_mode: str, length: int
    ) -> None:
        with pytest.raises(UserError, match=rf"^handler\.max_length {length} leaves no room for a short text \("):
            Asked(archive_of(mode, save_mode).with_settings(max_length=length))

    def test_a_compiled_model_with_short_inputs_is_warmed_up_with_what_it_has_room_for(
        self, archive_of: ArchiveOf
    ) -> None:
        archive = archive_of("question_answering", "pretrained").with_settings(max_length=8)
        document = {**archive.configuration, "pt2": {"compile": {"enable": True, "backend": "eager"}}}
        asked = {"question": "where?", "context": "london is big"}
        (told,) = Asked(archive, configuration=document).predict(asked)
        assert told.status == 200
        assert told.answer in asked["context"]


class TestMissingParts:
    """An archive made with the documented command has weights, names and settings, and nothing else."""

    @pytest.mark.parametrize("save_mode", ["pretrained", "torchscript"])
    def test_what_is_missing_comes_from_the_model_s_repository(
        self, copied: Callable[..., AncestorArchive], archive_of: ArchiveOf, hub: HubServer, save_mode: str
    ) -> None:
        whole = archive_of("sequence_classification")
        files = {path.name: path for path in whole.folder.iterdir() if path.name in (*TOKENIZER, "config.json")}
        hub.repositories.publish("org/tiny", {**files, "model.safetensors": b"not needed"})
        bare = copied("sequence_classification", save_mode, without=(*TOKENIZER, "config.json"))
        assert label(Asked(bare)) == label(Asked(whole))
        assert not any(request.path.endswith(".safetensors") for request in hub.requests)
        assert {path.name for path in bare.folder.iterdir()} == {bare.serialized, "index_to_name.json"}

    def test_an_archive_of_the_documented_command_is_served(
        self, copied: Callable[..., AncestorArchive], archive_of: ArchiveOf, hub: HubServer, tmp_path: Path
    ) -> None:
        """Weights, names and settings: the manifest does not even say that these are settings."""
        whole = archive_of("sequence_classification")
        files = {path.name: path for path in whole.folder.iterdir() if path.name in (*TOKENIZER, "config.json")}
        hub.repositories.publish("org/tiny", files)
        made = copied("sequence_classification").folder
        torch.save(load_file(made / "model.safetensors"), made / "pytorch_model.bin")
        (made / "model-config.yaml").write_text(json.dumps({"handler": dict(whole.settings)}))
        options = ArchiveOptions(
            "bert_seq_classification",
            handler="Transformer_handler_generalized.py",
            serialized_file=made / "pytorch_model.bin",
            extra_files=(made / "index_to_name.json", made / "model-config.yaml"),
        )
        packed = write_archive(pack_handler(options, date(2025, 1, 31)), tmp_path / "store", ArchiveFormat.default)
        opened = open_archive(packed, folder=tmp_path / "opened")
        served = AncestorArchive(opened.directory, {}, "pytorch_model.bin")
        assert label(Asked(served, configuration=dict(opened.configuration))) == label(Asked(whole))

    def test_a_tokenizer_in_the_archive_goes_before_the_repository_s(
        self, copied: Callable[..., AncestorArchive], archive_of: ArchiveOf, hub: HubServer
    ) -> None:
        whole = archive_of("sequence_classification")
        other = make_archive(hub.repositories._root.parent / "other", "text_generation").folder
        files = {path.name: path for path in other.iterdir() if path.name in TOKENIZER}
        hub.repositories.publish("org/tiny", {**files, "config.json": whole.folder / "config.json"})
        bare = copied("sequence_classification", without=("config.json",))
        assert label(Asked(bare)) == label(Asked(whole))

    def test_a_tokenizer_in_the_archive_is_enough_without_a_network(
        self, archive_of: ArchiveOf, ancestor: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The ancestor looked for the one of GPT-2 at the hub wherever it saw this name."""
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        archive = archive_of("text_generation").with_settings(model_name="gpt2")
        assert label(Asked(archive)) == label(ancestor("text_generation"))

    def test_a_bare_vocabulary_is_a_tokenizer(
        self, copied: Callable[..., AncestorArchive], archive_of: ArchiveOf
    ) -> None:
        whole = archive_of("sequence_classification")
        archive = copied("sequence_classification", without=TOKENIZER)
        vocabulary = Asked(whole).handler.tokenizer.get_vocab()
        words = sorted(vocabulary, key=lambda word: int(vocabulary[word]))
        (archive.folder / "vocab.txt").write_text("\n".join(words))
        assert label(Asked(archive)) == label(Asked(whole))

    def test_without_a_network_one_line_says_what_is_missing(
        self, copied: Callable[..., AncestorArchive], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))
        with pytest.raises(TransformerModelError) as caught:
            Asked(copied("sequence_classification", without=TOKENIZER))
        assert str(caught.value).startswith(
            "the archive 'tiny' has no tokenizer files, and those of its model_name cannot"
        )
        assert "HF_HUB_OFFLINE" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_folder_of_the_maker_s_is_no_repository(self, copied: Callable[..., AncestorArchive]) -> None:
        archive = copied("sequence_classification", without=TOKENIZER).with_settings(model_name="./Transformer_model")
        with pytest.raises(TransformerModelError, match=r"its model_name '\./Transformer_model' is a folder"):
            Asked(archive)


def test_neither_texts_nor_logits_are_logged(ancestor: Callable[..., Asked], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ancestor("sequence_classification").predict(TEXT)
        ancestor("sequence_classification").explain(TEXT)
    assert "love" not in caplog.text

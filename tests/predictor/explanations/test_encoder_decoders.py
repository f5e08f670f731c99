"""Models with an encoder and a decoder, with tokenizers of their own: prepared, served, asked and explained."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import httpx
import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import (
    AutoModelForSequenceClassification,
    BartConfig,
    BartTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    T5Config,
    T5Tokenizer,
)

from tests.predictor.explanations.protocols import PROTOCOLS, Clients
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.preparation.conftest import LABELS, Kitchen, request_for
from tests.predictor.server.running import running
from tests.predictor.server.test_grpc import Client
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.server.options import ServerOptions

ROWS = (
    {"text": "i love this good movie"},
    {"text": "bad", "text_pair": "good movie"},
    {"text": "i hate </s> bob"},
    {"text": ""},
)
"""With one token that ends a text, and with several."""


@dataclass(frozen=True)
class Kind:
    """An architecture: its tokenizer, and its configuration for so many tokens."""

    tokenizer: Callable[[], PreTrainedTokenizerBase]
    configuration: Callable[[int], PreTrainedConfig]


def _t5() -> PreTrainedTokenizerBase:
    special, pieces = ("<pad>", "</s>", "<unk>"), ("▁", "▁i", "▁love", "▁movie", *ascii_lowercase)
    vocabulary = [*((piece, 0.0) for piece in special), *((piece, -3.0) for piece in pieces)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=2)


def _bart() -> PreTrainedTokenizerBase:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "<mask>"]
    return BartTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[])


def _bart_configuration(tokens: int) -> PreTrainedConfig:
    sizes = {"layers": 1, "attention_heads": 2, "ffn_dim": 24}
    parts = {f"{part}_{name}": size for part in ("encoder", "decoder") for name, size in sizes.items()}
    return BartConfig(vocab_size=tokens, d_model=16, init_std=0.3, max_position_embeddings=160, **parts)


KINDS = {
    "t5": Kind(
        _t5,
        lambda tokens: T5Config(
            vocab_size=tokens, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2, decoder_start_token_id=0
        ),
    ),
    "bart": Kind(_bart, _bart_configuration),
}


def _prepare(kind: Kind, base: Path) -> Path:
    kitchen, tokenizer = Kitchen(base), kind.tokenizer()
    torch.manual_seed(3)
    configuration = kind.configuration(len(tokenizer))
    configuration.id2label = dict(enumerate(LABELS))
    AutoModelForSequenceClassification.from_config(configuration).save_pretrained(kitchen.model)
    tokenizer.save_pretrained(kitchen.model)
    return kitchen.prepared(request_for(preparation={"maxLength": 128})).path


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    artifacts = {name: _prepare(kind, tmp_path_factory.mktemp(name)) for name, kind in KINDS.items()}
    models = {name: load_model(open_artifact(path)) for name, path in artifacts.items()}
    with (
        running(models, ServerOptions(grpc_port=0)) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
    ):
        yield Clients(http, Client(server.grpc_address))


def _scores(clients: Clients, name: str, *rows: dict[str, str]) -> Sequence[float]:
    response = clients.http.post(f"/v1/models/{name}:predict", json={"instances": rows})
    assert response.status_code == 200, response.text
    return [row["score"] for row in response.json()["predictions"]]


@pytest.mark.parametrize("name", KINDS)
def test_texts_and_pairs_asked_together_are_answered_as_each_alone(clients: Clients, name: str) -> None:
    alone = [score for row in ROWS for score in _scores(clients, name, row)]
    assert _scores(clients, name, *ROWS) == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("method", ["integrated_gradients", "saliency", "feature_ablation"])
@pytest.mark.parametrize("name", KINDS)
def test_answers_are_explained_in_v1_and_v2(clients: Clients, name: str, method: str) -> None:
    asked = {"instances": ROWS, "parameters": {"method": method}}
    response = clients.http.post(f"/v1/models/{name}:explain", json=asked)
    assert response.status_code == 200, response.text
    for row, explained in zip(ROWS, response.json()["explanations"], strict=True):
        (told,) = explained["explanations"]
        assert [word["text"] for word in told["words"] if word["field"] == "text"] == row["text"].split()
        assert any(token["importance"] for token in told["tokens"]) is bool(row["text"])
        (importances,) = PROTOCOLS["v2 explain"](clients, name, row, {"method": method})
        assert importances == pytest.approx([token["importance"] for token in told["tokens"]], abs=1e-3)

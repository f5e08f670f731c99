"""What handlers of transformers 2 to 4 call gives on 5 what it gave there.

The expected ids are those of transformers 4.49 on the same vocabularies.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from tests.predictor.torchserve.older_transformers import program


def encoded(ids: list[int], types: str, mask: str) -> dict[str, list[int]]:
    return {"input_ids": ids, "token_type_ids": [*map(int, types)], "attention_mask": [*map(int, mask)]}


def together(*rows: dict[str, list[int]]) -> dict[str, list[list[int]]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


PADDED = encoded([2, 5, 6, 8, 9, 3, 0, 0], "00000000", "11111100")
CUT = encoded([2, 5, 6, 8, 9, 3], "000000", "111111")
LONGEST_CUT = encoded([2, 15, 16, 5, 3, 5, 6, 8, 3], "000001111", "111111111")
SHORT_PAIR = encoded([2, 5, 6, 3, 7, 3], "000011", "111111")

TOKENS: dict[str, Any] = {
    "call padded": PADDED,
    "encode padded": [2, 5, 6, 8, 9, 3, 0],
    "encode_plus padded": PADDED,
    "encode_plus as tensors": together(PADDED),
    "encode_plus cut": CUT,
    "encode_plus pair": LONGEST_CUT,
    "encode_plus pair of a list": encoded([2, 5, 3, 6, 3], "00011", "11111"),
    "pad without a length": together(
        encoded([2, 5, 6, 8, 9, 3, 0, 0, 0], "000000000", "111111000"),
        encoded([2, 5, 6, 8, 9, 10, 11, 12, 3], "000000000", "111111111"),
    ),
    "strategy": LONGEST_CUT,  # a length alone went before it
    "strategy beside padding": encoded([2, 15, 16, 5, 6, 3, 5, 6, 3], "000000111", "111111111"),
    "batch_encode_plus": together(CUT, CUT),
    "batch_encode_plus pairs": together(LONGEST_CUT, encoded([2, 5, 6, 8, 3, 5, 6, 8, 3], "000001111", "111111111")),
    "batch_encode_plus words": together(encoded([2, 5, 6, 3], "0000", "1111"), encoded([2, 13, 3], "000", "111")),
    "prepare_for_model pair": SHORT_PAIR,
    "prepare_for_model second": SHORT_PAIR,
    "prepare_for_model padded": encoded([2, 5, 6, 3, 0, 0], "000000", "111100"),
    "prepare_for_model bare": encoded([5, 6, 7], "000", "111"),
    "prepare_for_model as tensors": together(encoded([2, 5, 6, 3], "0000", "1111")),
    "prepare_for_model roberta": {"input_ids": [0, 5, 6, 2, 2, 7, 2], "attention_mask": [1] * 7},
    "build": [2, 5, 6, 3],
    "build pair": [2, 5, 6, 3, 7, 3],
    "build roberta pair": [0, 5, 6, 2, 2, 7, 2],
    "types pair": [0, 0, 0, 0, 1, 1],
    "types roberta pair": [0] * 7,
    "target": encoded([2, 5, 6, 3], "0000", "1111"),
    "seq2seq": {**together(encoded([2, 5, 6, 8, 3], "00000", "11111")), "labels": [[2, 5, 6, 3]]},
    "additional tokens added": [["<e1>", "<e2>"], [17, 18], [2, 5, 17, 6, 3]],
    "additional tokens assigned": [["<e2>"], [18]],
}
MODELS: dict[str, Any] = {
    "language heads": ["GPT2LMHeadModel", "BertForMaskedLM", "T5ForConditionalGeneration"],
    "language head loaded": "GPT2LMHeadModel",
    "vision": "AutoModelForImageTextToText",
    "bloom": "TokenizersBackend",
    "torchscript": ["tuple", True, True],  # traced, with the logits of the plain model
    "torchscript stored": [True, False],
    "parallelize": [True, False, True],  # with the logits of before
    "whole model": ["Linear", "Linear", "refused"],
    "unknown name": "module transformers has no attribute AutoModelForNothing",
}
NO_WORDS = (
    "the tokenizer 'gpt2' has no words: its files cannot be had, and the archive has none; add its tokenizer.json, or "
    "vocab.json and merges.txt, with --extra-files"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program was given in a process of its own, offline, with an older name of the cache."""
    folder = tmp_path_factory.mktemp("archive")
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_HOME", "HF_HUB_CACHE")}
    environment |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_CACHE": f"{folder}/cache"}
    command = [sys.executable, "-m", program.__name__, str(folder)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return {**found, "folder": folder}


@pytest.mark.parametrize("name", TOKENS)
def test_a_tokenizer_gives_what_it_gave(served: dict[str, Any], name: str) -> None:
    assert served["given"][name] == TOKENS[name]


@pytest.mark.parametrize("name", MODELS)
def test_names_and_models_are_what_they_were(served: dict[str, Any], name: str) -> None:
    assert served["given"][name] == MODELS[name]


def test_the_older_names_of_the_cache_are_read_and_given(served: dict[str, Any]) -> None:
    assert served["given"]["caches"] == [f"{served['folder']}/cache"] * 3


def test_a_tokenizer_that_comes_out_empty_is_refused_in_one_line(served: dict[str, Any]) -> None:
    assert served["given"]["empty"] == NO_WORDS


def test_the_archives_own_tokenizer_goes_before_an_empty_one(served: dict[str, Any]) -> None:
    assert served["given"]["empty beside one of the archive's"] == [program.SUBWORDS.index("hi")]


def test_each_thing_is_told_once(served: dict[str, Any]) -> None:
    told: list[str] = served["told"]
    assert len(told) == len(set(told))
    for older in ("encode_plus", "pad_to_max_length", "prepare_for_model", "parallelize()", "config.torchscript"):
        assert sum(f"uses {older} of an older transformers" in line for line in told) == 1


def test_nothing_is_imported_before_the_handler_does(served: dict[str, Any]) -> None:
    assert served["heavy"] == []


def test_a_process_without_the_shim_is_as_transformers_made_it() -> None:
    assert not hasattr(PreTrainedTokenizerBase, "encode_plus")

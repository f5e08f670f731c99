"""What handlers of older transformers call, in a process of its own where all of it is served.

Prints, as one JSON object, what each call gave, what was logged, and what had been imported before transformers was.
"""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("i", "love", "hate", "this", "movie", "it", "was", "good", "bad", "##s", "what", "do"),
]
SUBWORDS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "h", "i", "Ġ", "t", "hi", "Ġt", "o"]

TEXT = "I love this movie"
LONG = "i love this movie it was good"
QUESTION = "what do i love"


def save_bert(folder: Path) -> Path:
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    settings = {"model_max_length": 16, "tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text('{"model_type": "bert"}')
    return folder


def save_roberta(folder: Path) -> Path:
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(SUBWORDS)}))
    (folder / "merges.txt").write_text("#version: 0.2\nh i\nĠ t\n")
    settings = {"model_max_length": 16, "tokenizer_class": "RobertaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text('{"model_type": "roberta"}')
    return folder


def tokenizer_calls(bert: Any, roberta: Any) -> dict[str, Callable[[], Any]]:
    def target() -> Any:
        with bert.as_target_tokenizer():
            return bert("i love")

    def added() -> Any:
        bert.add_special_tokens({"additional_special_tokens": ["<e1>", "<e2>"]})
        return [bert.additional_special_tokens, bert.additional_special_tokens_ids, bert.encode("i <e1> love")]

    def assigned() -> Any:
        bert.additional_special_tokens = ["<e2>"]
        return [bert.additional_special_tokens, bert.additional_special_tokens_ids]

    padded = {"max_length": 8, "pad_to_max_length": True}
    return {
        "call padded": lambda: bert(TEXT, **padded),
        "encode padded": lambda: bert.encode(TEXT, max_length=7, pad_to_max_length=True),
        "encode_plus padded": lambda: bert.encode_plus(TEXT, **padded, add_special_tokens=True),
        "encode_plus as tensors": lambda: bert.encode_plus(TEXT, **padded, return_tensors="pt"),
        "encode_plus cut": lambda: bert.encode_plus(LONG, max_length=6, pad_to_max_length=True),
        "encode_plus pair": lambda: bert.encode_plus(QUESTION, LONG, max_length=9, pad_to_max_length=True),
        "encode_plus pair of a list": lambda: bert.encode_plus(["i", "love"]),
        "pad without a length": lambda: bert([TEXT, LONG], pad_to_max_length=True),
        "strategy": lambda: bert.encode_plus(QUESTION, LONG, max_length=9, truncation_strategy="only_second"),
        "strategy beside padding": lambda: bert.encode_plus(
            QUESTION, LONG, max_length=9, truncation_strategy="only_second", padding="max_length"
        ),
        "batch_encode_plus": lambda: bert.batch_encode_plus([TEXT, LONG], max_length=6, pad_to_max_length=True),
        "batch_encode_plus pairs": lambda: bert.batch_encode_plus(
            [(QUESTION, LONG), [TEXT, LONG]], max_length=9, truncation=True
        ),
        "batch_encode_plus words": lambda: bert.batch_encode_plus([["i", "love"], ["bad"]], is_split_into_words=True),
        "prepare_for_model pair": lambda: bert.prepare_for_model(
            [5, 6], [7, 8, 9], max_length=6, truncation="longest_first"
        ),
        "prepare_for_model second": lambda: bert.prepare_for_model(
            [5, 6], [7, 8, 9], max_length=6, truncation="only_second"
        ),
        "prepare_for_model padded": lambda: bert.prepare_for_model([5, 6], max_length=6, pad_to_max_length=True),
        "prepare_for_model bare": lambda: bert.prepare_for_model([5, 6], [7], add_special_tokens=False),
        "prepare_for_model as tensors": lambda: bert.prepare_for_model(
            [5, 6], return_tensors="pt", prepend_batch_axis=True
        ),
        "prepare_for_model roberta": lambda: roberta.prepare_for_model([5, 6], [7]),
        "build": lambda: bert.build_inputs_with_special_tokens([5, 6]),
        "build pair": lambda: bert.build_inputs_with_special_tokens([5, 6], [7]),
        "build roberta pair": lambda: roberta.build_inputs_with_special_tokens([5, 6], [7]),
        "types pair": lambda: bert.create_token_type_ids_from_sequences([5, 6], [7]),
        "types roberta pair": lambda: roberta.create_token_type_ids_from_sequences([5, 6], [7]),
        "target": target,
        "seq2seq": lambda: bert.prepare_seq2seq_batch([TEXT], [LONG], max_length=5, max_target_length=4),
        "additional tokens added": added,
        "additional tokens assigned": assigned,
    }


def model_calls(folder: Path) -> dict[str, Callable[[], Any]]:
    import torch
    import transformers
    from transformers import (
        AutoConfig,
        AutoModelForSequenceClassification,
        AutoModelForVision2Seq,
        AutoModelWithLMHead,
        BertConfig,
        BertForSequenceClassification,
        BloomTokenizerFast,
        GPT2Config,
        GPT2LMHeadModel,
        T5Config,
    )

    small = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    bert = BertConfig(**small, intermediate_size=8)
    gpt2 = GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2, n_positions=16, bos_token_id=1, eos_token_id=1)
    t5 = T5Config(vocab_size=20, d_model=8, d_ff=8, d_kv=4, num_layers=1, num_heads=2)
    BertForSequenceClassification(bert).save_pretrained(folder / "classifier")
    GPT2LMHeadModel(gpt2).save_pretrained(folder / "language")
    ids = torch.tensor([[1, 2, 3]])

    def traced() -> Any:
        configuration = AutoConfig.from_pretrained(folder / "classifier", num_labels=2, torchscript=True)
        model = AutoModelForSequenceClassification.from_pretrained(folder / "classifier", config=configuration).eval()
        graph = torch.jit.trace(model, (ids, torch.ones_like(ids)), check_trace=False)
        plain = AutoModelForSequenceClassification.from_pretrained(folder / "classifier").eval()
        expected = plain(ids, torch.ones_like(ids)).logits
        given = graph(ids, torch.ones_like(ids))
        return [type(given).__name__, bool(torch.allclose(given[0], expected)), configuration.torchscript]

    def parallel() -> Any:
        model = GPT2LMHeadModel.from_pretrained(folder / "language").eval()
        before = model(ids).logits
        model.parallelize()
        during = model(ids.to(model.device)).logits.cpu()
        model.deparallelize()
        return [model.is_parallelizable, model.model_parallel, bool(torch.allclose(before, during, atol=1e-5))]

    def stored() -> Any:
        BertConfig(**small, torchscript=True).save_pretrained(folder / "stored")
        return [AutoConfig.from_pretrained(folder / "stored").torchscript, BertConfig().torchscript]

    def caches() -> Any:
        from transformers import TRANSFORMERS_CACHE, file_utils, utils

        return [TRANSFORMERS_CACHE, file_utils.TRANSFORMERS_CACHE, utils.PYTORCH_TRANSFORMERS_CACHE]

    def unknown() -> Any:
        try:
            return transformers.AutoModelForNothing
        except AttributeError as error:
            return str(error)

    return {
        "language heads": lambda: [
            type(AutoModelWithLMHead.from_config(configuration)).__name__ for configuration in (gpt2, bert, t5)
        ],
        "language head loaded": lambda: type(AutoModelWithLMHead.from_pretrained(folder / "language")).__name__,
        "vision": lambda: AutoModelForVision2Seq.__name__,
        "bloom": lambda: BloomTokenizerFast.__name__,
        "torchscript": traced,
        "torchscript stored": stored,
        "parallelize": parallel,
        "caches": caches,
        "unknown name": unknown,
        "whole model": lambda: whole_model(folder / "whole.pt"),
    }


def whole_model(file: Path) -> list[str]:
    """A model that is pickled whole, as a path, as an open file, and by somebody who wants tensors alone."""
    import pickle

    import torch

    torch.save(torch.nn.Linear(2, 1), file)
    with file.open("rb") as opened:
        found = [type(torch.load(given)).__name__ for given in (file, opened)]
    try:
        return [*found, type(torch.load(file, weights_only=True)).__name__]
    except pickle.UnpicklingError:
        return [*found, "refused"]


def tokenizer_of_nobody() -> Any:
    from transformers import GPT2TokenizerFast

    try:
        tokenizer = GPT2TokenizerFast.from_pretrained("gpt2")
    except OSError as error:
        return str(error)
    return tokenizer("hi")["input_ids"]


def plain(value: Any) -> Any:
    if hasattr(value, "data") and isinstance(value.data, dict):
        return {name: item.tolist() if hasattr(item, "tolist") else item for name, item in value.data.items()}
    return value


def main(folder: Path) -> None:
    from transformermodel_predictor.torchserve.older_transformers.installing import install

    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("transformermodel_predictor").addHandler(handler)
    warnings.simplefilter("ignore")
    os.chdir(folder)
    install()
    heavy = sorted({"transformers", "torch", "huggingface_hub"} & sys.modules.keys())
    from transformers import BertTokenizerFast, RobertaTokenizerFast

    bert = BertTokenizerFast.from_pretrained(save_bert(folder / "bert"))
    roberta = RobertaTokenizerFast.from_pretrained(save_roberta(folder / "roberta"))
    without_own = tokenizer_of_nobody()
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        (folder / name).write_bytes((folder / "roberta" / name).read_bytes())
    calls = {**tokenizer_calls(bert, roberta), **model_calls(folder)}
    given = {name: plain(call()) for name, call in calls.items()}
    given |= {"empty": without_own, "empty beside one of the archive's": tokenizer_of_nobody()}
    sys.stdout.write(json.dumps({"given": given, "told": told, "heavy": heavy}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

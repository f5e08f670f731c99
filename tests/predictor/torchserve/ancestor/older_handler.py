"""A handler as they were written for TorchServe and transformers 4: packed into an archive, never imported here."""

import ast
import json
import logging
import os
from abc import ABC
from typing import Any

import torch
import transformers
from captum.attr import LayerIntegratedGradients
from optimum.bettertransformer import BetterTransformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer, GPT2TokenizerFast

from ts.torch_handler.base_handler import BaseHandler

logger = logging.getLogger(__name__)
logger.info("Transformers version %s", transformers.__version__)


class OlderClassifier(BaseHandler, ABC):
    def __init__(self) -> None:
        super().__init__()
        self.initialized = False

    def initialize(self, ctx: Any) -> None:
        self.manifest = ctx.manifest
        properties = ctx.system_properties
        model_dir = properties.get("model_dir")
        device = f"cuda:{properties.get('gpu_id')}" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self.settings: Any = ctx.model_yaml_config["handler"]
        self.model = AutoModelForSequenceClassification.from_pretrained(model_dir)
        try:
            self.model = BetterTransformer.transform(self.model)
        except RuntimeError as error:
            logger.warning("no BetterTransformer: %s", error)
        self.model.to(self.device)
        self.model.eval()
        if "gpt2" in self.settings["model_name"]:
            self.tokenizer: Any = GPT2TokenizerFast.from_pretrained("gpt2", pad_token="<|endoftext|>")
        else:
            self.tokenizer = AutoTokenizer.from_pretrained(model_dir, do_lower_case=self.settings["do_lower_case"])
        with open(os.path.join(model_dir, "index_to_name.json")) as file:
            self.mapping = json.load(file)
        self.initialized = True

    def preprocess(self, requests: Any) -> Any:
        ids, masks = [], []
        for row in requests:
            text = row.get("data")
            if text is None:
                text = row.get("body")
            if isinstance(text, bytes | bytearray):
                text = text.decode("utf-8")
            if self.settings["captum_explanation"]:
                text = ast.literal_eval(text)["text"]
            encoded = self.tokenizer.encode_plus(
                text,
                max_length=int(self.settings["max_length"]),
                pad_to_max_length=True,
                add_special_tokens=True,
                return_tensors="pt",
            )
            ids.append(encoded["input_ids"].to(self.device))
            masks.append(encoded["attention_mask"].to(self.device))
        return torch.cat(ids, 0), torch.cat(masks, 0)

    @torch.inference_mode
    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        ids, masks = data
        logits = self.model(ids, masks)[0]
        return [self.mapping[str(int(row.argmax()))] for row in logits]

    def postprocess(self, data: Any) -> Any:
        return data

    def get_insights(self, input_batch: Any, text: Any, target: Any) -> Any:
        if isinstance(text, bytes | bytearray):
            text = text.decode("utf-8")
        asked = ast.literal_eval(text)
        embedded = self.model.base_model.embeddings
        inner = self.tokenizer.encode(asked["text"], add_special_tokens=False)
        begin, end = [self.tokenizer.cls_token_id], [self.tokenizer.sep_token_id]
        ids = torch.tensor([begin + inner + end], device=self.device)
        baseline = torch.tensor([begin + [self.tokenizer.pad_token_id] * len(inner) + end], device=self.device)
        attributions, delta = LayerIntegratedGradients(lambda tokens: self.model(tokens)[0], embedded).attribute(
            inputs=ids, baselines=baseline, target=asked["target"], n_steps=50, return_convergence_delta=True
        )
        summed = attributions.sum(dim=-1).squeeze(0)
        return [
            {
                "words": self.tokenizer.convert_ids_to_tokens(ids[0].tolist()),
                "importances": (summed / torch.norm(summed)).tolist(),
                "delta": delta[0].tolist(),
            }
        ]

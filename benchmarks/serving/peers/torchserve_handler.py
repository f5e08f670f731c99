"""A plain TorchServe handler, as its documentation teaches to write one: padded to one length, float32."""

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ts.torch_handler.base_handler import BaseHandler

MAX_LENGTH = 256


class Classifier(BaseHandler):  # type: ignore[misc] # TorchServe has no types
    """A classifier of texts."""

    def initialize(self, context):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        """Load model and tokenizer from the archive."""
        directory = context.system_properties["model_dir"]
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()
        self.initialized = True

    def preprocess(self, rows):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        """Texts to padded tensors."""
        bodies = [row.get("data") or row.get("body") for row in rows]
        texts = [body if isinstance(body, str) else body.decode() for body in bodies]
        return self.tokenizer(texts, padding="max_length", truncation=True, max_length=MAX_LENGTH, return_tensors="pt")

    def inference(self, inputs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        """One forward pass."""
        with torch.inference_mode():
            return self.model(**inputs).logits

    def postprocess(self, logits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        """The labels."""
        return [self.model.config.id2label[index] for index in logits.argmax(dim=-1).tolist()]

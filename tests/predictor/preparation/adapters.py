"""Tiny adapters, as people train them with peft."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    PreTrainedModel,
)


def make_encoder(checkpoint: Path) -> None:
    """Leave of a tiny classifier only what lies below its head."""
    configuration = BertConfig.from_pretrained(checkpoint)
    configuration.id2label = {0: "LABEL_0", 1: "LABEL_1"}
    BertModel.from_pretrained(checkpoint, config=configuration).save_pretrained(checkpoint)


def train(checkpoint: Path, folder: Path, classes: int = 3, **configuration: Any) -> PeftModel:
    """Save an adapter with a new head for the checkpoint, its numbers drawn by lot; returns the model with it."""
    torch.manual_seed(1)
    base: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        checkpoint, num_labels=classes, ignore_mismatched_sizes=True
    )
    settings = {"task_type": "SEQ_CLS", "r": 4, "lora_alpha": 8, "target_modules": ["query", "value"], **configuration}
    model = get_peft_model(base, LoraConfig(**settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter.normal_(std=0.3)
    model.save_pretrained(str(folder))
    return model.eval()


def save_smaller_checkpoint(checkpoint: Path, folder: Path) -> Path:
    """A checkpoint to which adapters of the tiny one do not belong."""
    configuration = BertConfig.from_pretrained(checkpoint, hidden_size=16)
    BertForSequenceClassification(configuration).save_pretrained(folder)
    return folder

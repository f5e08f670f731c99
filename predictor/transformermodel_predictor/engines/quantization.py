"""Linear layers in 8 bit: weights per output channel, activations as they come. For CPUs."""

import torch
from torch import nn
from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

from transformermodel_predictor.engines.mapping import leave_files
from transformermodel_predictor.quiet import quiet


def quantize(model: nn.Module) -> None:
    """Replace the linear layers of a float32 model on the CPU."""
    leave_files(model)  # before, because quantized layers keep the bias that they are given
    with quiet():  # torch.ao is to move to a package of its own
        quantize_dynamic(  # type: ignore[no-untyped-call]
            model, {nn.Linear: per_channel_dynamic_qconfig}, dtype=torch.qint8, inplace=True
        )

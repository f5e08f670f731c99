"""Tiny models in the forms that archives bring."""

from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

MODEL_FILE = "model.py"
MODEL = """\
import torch
from torch import nn


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        return self.linear(x)
"""
ROWS = [[1.0, 2.0, 3.0], [0.5, -1.0, 0.0]]


class Scaled(nn.Module):
    """The model of the file above."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def scaled() -> Scaled:
    """A model whose first output is the rows' sum, and whose second is -1 times their first number, plus 1."""
    model = Scaled().eval()
    with torch.no_grad():
        model.linear.weight.copy_(torch.tensor([[1.0, 1.0, 1.0], [-1.0, 0.0, 0.0]]))
        model.linear.bias.copy_(torch.tensor([0.0, 1.0]))
    return model


ANSWERS = [[6.0, 0.0], [-0.5, 0.5]]
"""What that model answers to the rows."""


def write_eager(directory: Path, weights: str = "weights.pt") -> dict[str, str]:
    """The model's class and its weights; what the manifest says of them."""
    (directory / MODEL_FILE).write_text(MODEL)
    torch.save(scaled().state_dict(), directory / weights)
    return {"modelFile": MODEL_FILE, "serializedFile": weights}


def write_torchscript(directory: Path) -> dict[str, str]:
    """The model as TorchScript."""
    torch.jit.save(torch.jit.trace(scaled(), torch.zeros(1, 3)), directory / "model.pt")
    return {"serializedFile": "model.pt"}


def write_onnx(directory: Path) -> dict[str, str]:
    """The model as ONNX, for any number of rows."""
    linear = scaled().linear
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "weight", "bias"], ["y"], transB=1)],
        "scaled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])],
        [numpy_helper.from_array(value.detach().numpy(), name) for name, value in linear.named_parameters()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), directory / "model.onnx"
    )
    return {"serializedFile": "model.onnx"}

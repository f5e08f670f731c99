"""How much room a candidate takes on the disk while it is built."""

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.material import Material
from transformermodel_predictor.preparation.torchserve_script.traced import Traced

_BYTES = {Precision.Float32: 4, Precision.BFloat16: 2, Precision.Float16: 2, Precision.Int8: 1}
"""Of a weight; of int8 some stay larger."""


def least_bytes(material: Material, task: TaskName, candidate: Candidate) -> int:
    """What a candidate's weights take at least, in bytes, with those from which a graph's answers are explained.

    It is looked at before: what writes graphs ends the whole process where a disk is full, and says nothing.
    """
    if isinstance(material, Traced):
        return material.file.stat().st_size
    weights = list(material.model.parameters())
    own = _BYTES[candidate.precision] * sum(weight.numel() for weight in weights)
    if candidate.format is Format.Pretrained:
        return own
    copy = own if candidate.format is Format.TorchScript else 0  # which is written twice
    twin = sum(weight.nbytes for weight in weights) if task is not TaskName.TextGeneration else 0
    return own + max(copy, twin)

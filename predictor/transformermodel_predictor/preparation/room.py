"""Disk space that a candidate needs."""

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.material import Material
from transformermodel_predictor.preparation.torchserve_script.traced import Traced

_BYTES = {Precision.Float32: 4, Precision.BFloat16: 2, Precision.Float16: 2, Precision.Int8: 1}
"""Bytes per weight; in int8 models some weights stay larger."""


def least_bytes(material: Material, task: TaskName, candidate: Candidate) -> int:
    """Lower bound on the size of a candidate's weights, in bytes, with those for explaining a graph's answers.

    Checked before building: the writers of graphs crash the process, without a message, on a full disk.
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

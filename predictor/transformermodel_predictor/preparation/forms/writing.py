"""Shared by the builders of compiled forms: the exportable model, the compiler's context and the signature file."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Precision
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.precision import dtype_of
from transformermodel_predictor.engines.signature import SIGNATURE_FILE, GraphSignature
from transformermodel_predictor.preparation.forms.exportable import Exportable
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.forms.plain import exportable_encoder
from transformermodel_predictor.preparation.forms.plain_decoder import exportable_decoder
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.resources import DiskFull, resources_classified
from transformermodel_predictor.tasks.text_generation import TextGeneration


def float16_refusal(candidate: Candidate, place: Place) -> str | None:
    """Why a float16 candidate cannot run in a place; None if it can, and for every other precision."""
    if candidate.precision is Precision.Float16 and place.device.type == "cpu":
        return "Float16 is for GPUs: CPUs compute it slowly and overflow in it; use BFloat16"
    return None


@contextmanager
def compiling(candidate: Candidate) -> Iterator[None]:
    """Context in which a model is traced, exported or compiled: no gradients, compilers' own messages silenced.

    Raises:
        PreparationFailed: UnsupportedForm, the compiler fails on the model; InsufficientStorage, the programs that it
            calls have no space for their temporary files.
    """
    try:
        with resources_classified(), quiet(), torch.no_grad():
            yield
    except PreparationFailed:
        raise
    except Exception as error:  # each compiler fails in its own way
        if os.strerror(errno.ENOSPC) in str(error):
            raise DiskFull(errno.ENOSPC, Path(tempfile.gettempdir())) from error
        raise unsupported(
            f"the model cannot be had in the form {candidate.format.value} ({type(error).__name__}: {one_line(error)})."
        ) from error


def exportable(merged: Merged, candidate: Candidate, place: Place) -> Exportable:
    """The model, ready for export to a candidate's graph.

    Raises:
        PreparationFailed: UnsupportedForm, no graph can do what the model's task needs.
    """
    make = exportable_decoder if merged.configuration.mode == TextGeneration.mode else exportable_encoder
    return make(
        merged, place, torch.float32 if candidate.precision is Precision.Int8 else dtype_of(candidate.precision)
    )


def write_signature(signature: GraphSignature, folder: Path) -> None:
    """Write signature.json."""
    (folder / SIGNATURE_FILE).write_text(signature.text(), encoding="utf-8")

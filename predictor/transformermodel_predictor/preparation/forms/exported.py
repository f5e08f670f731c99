"""The model compiled ahead of time: torch.export, then AOTInductor."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from torch.export import Dim, ExportedProgram, export

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.exported import EXPORTED_FILE, load_exported
from transformermodel_predictor.engines.processor import compiled_here
from transformermodel_predictor.engines.signature import SIGNATURE_FILE
from transformermodel_predictor.preparation.forms.exportable import Exportable
from transformermodel_predictor.preparation.forms.form import ALL_TASKS, Place
from transformermodel_predictor.preparation.forms.writing import (
    compiling,
    exportable,
    float16_refusal,
    write_signature,
)
from transformermodel_predictor.preparation.merge import Merged

_SETTINGS = {
    "freezing": True,  # weights become constants, laid out for the processor once
    "cpp.dynamic_threads": True,  # the predictor's number of threads, not the builder's
    "aot_inductor.precompile_headers": False,  # pays off from the second model on, and a builder compiles one
}


class ExportedForm:
    """A package of machine code for one kind of processor. Implements `Form`."""

    format: ClassVar[Format] = Format.Exported
    summary: ClassVar[str] = "Machine code for one kind of processor, compiled by torch.export and AOTInductor."
    files: ClassVar[tuple[str, ...]] = (EXPORTED_FILE, SIGNATURE_FILE)
    candidates: ClassVar[tuple[Candidate, ...]] = tuple(
        Candidate(Format.Exported, EngineName.Exported, precision)
        for precision in (Precision.Float32, Precision.BFloat16, Precision.Float16)
    )
    tasks: ClassVar[tuple[TaskName, ...]] = ALL_TASKS
    needs: ClassVar[str] = (
        "The Debian package g++ where it is built; where it runs, the same version of PyTorch and a processor with the "
        "same instruction sets. Float16 needs a GPU."
    )
    reproducible: ClassVar[bool] = False

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        return float16_refusal(candidate, place) or _compiler_refusal()

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Export and compile the model; see `Form`."""
        file = folder / EXPORTED_FILE
        with compiling(candidate):
            source = exportable(merged, candidate, place)
            _compile(export_program(source), file)
        source.check(candidate, load_exported(file, place.device))
        write_signature(replace(source.signature, made_with=compiled_here(place.device)), folder)


def export_program(source: Exportable) -> ExportedProgram:
    """Export the model as a program of PyTorch's core operators, with dynamic sizes."""
    sizes = {name for axes in source.axes.values() for name in axes.values()}
    dimensions = {name: Dim(name, min=1, max=source.largest.get(name)) for name in sizes}
    shapes = tuple(
        {axis: dimensions[name] for axis, name in source.axes[entry].items()} for entry in source.signature.input_names
    )
    return export(source.module, source.example, dynamic_shapes=(shapes,), strict=False)


def _compile(program: ExportedProgram, file: Path) -> None:
    from torch._inductor import aoti_compile_and_package  # importing it takes a second
    from torch._inductor.utils import fresh_cache

    # The compiler's cache is as large as the model and would stay in its default folder after an error.
    with TemporaryDirectory() as place, fresh_cache(dir=place):
        aoti_compile_and_package(program, package_path=str(file), inductor_configs=_SETTINGS)


def _compiler_refusal() -> str | None:
    """Why nothing can be compiled here; None if it can."""
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        return "the form Exported needs a C++ compiler, and there is no g++ here: install the Debian package g++"
    return None

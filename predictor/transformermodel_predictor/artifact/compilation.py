"""torch.compile and torch.export in model-config.yaml: the section `pt2`."""

from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.artifact.sections import Section

COMPILE_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


@dataclass(frozen=True)
class Compilation:
    """Arguments of torch.compile."""

    backend: str = "inductor"
    mode: str = "default"

    def section(self) -> dict[str, Any]:
        """The content of `pt2.compile`."""
        return {"enable": True, "backend": self.backend, "mode": self.mode}


@dataclass(frozen=True)
class PT2:
    """What `pt2` says.

    Attributes:
        compile: how the model is compiled as it is loaded; None when it is not.
        export: whether the weights are a library that torch.export and AOTInductor have made.
    """

    compile: Compilation | None = None
    export: bool = False

    def section(self) -> dict[str, Any]:
        """The content of `pt2`."""
        compiled = {"compile": self.compile.section()} if self.compile else {}
        return compiled | ({"export": {"aot_compile": True}} if self.export else {})


def read_pt2(value: object) -> PT2:
    """Read `pt2` in TorchServe's forms: sections `compile` and `export`, a backend's name, or arguments of compile.

    Raises:
        ValueError: a key is unknown, or its value has the wrong type.
    """
    if isinstance(value, str):
        return PT2(compile=Compilation(backend=value))
    section = Section.of("pt2", value)
    if "backend" in section or "mode" in section:
        return PT2(compile=_arguments(section))
    section.require_known("compile", "export")
    compiled = Section.of("pt2.compile", section.values.get("compile"))
    exported = Section.of("pt2.export", section.values.get("export"))
    exported.require_known("aot_compile")
    return PT2(compile=_arguments(compiled) if compiled.flag("enable") else None, export=exported.flag("aot_compile"))


def _arguments(section: Section) -> Compilation:
    section.require_known("enable", "backend", "mode")
    arguments = Compilation(section.text("backend", Compilation.backend), section.text("mode", Compilation.mode))
    if arguments.mode not in COMPILE_MODES:
        raise section.wrong("mode", f"one of {', '.join(COMPILE_MODES)}")
    return arguments

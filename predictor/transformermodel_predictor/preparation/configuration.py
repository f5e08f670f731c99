"""Derives model-config.yaml from the request and the checkpoint: no field of the resource is lost. Pure."""

from dataclasses import dataclass, replace

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.preparation import Compile, CompileMode, Format, Generation, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.agreement import HARDWARE, SAVE_MODES
from transformermodel_predictor.artifact.compilation import PT2, Compilation
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.tasks.catalogue import task_type

_COMPILE_MODE = {
    CompileMode.Default: "default",
    CompileMode.ReduceOverhead: "reduce-overhead",
    CompileMode.MaxAutotune: "max-autotune",
}


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a model from its checkpoint, adapter and tokenizer.

    Attributes:
        labels: number of classes; 0 for tasks without.
        max_length: longest input in tokens.
        lower_cases: whether the tokenizer lower-cases text.
        base_model: name of the model below the head, such as `bert`.
        problem_type: the configuration's own, where it says one.
        needs_code: whether Python files that came with the model are part of it.
    """

    labels: int
    max_length: int
    lower_cases: bool
    base_model: str
    problem_type: str | None
    needs_code: bool = False


def configuration_for(request: PreparationRequest, facts: ModelFacts) -> ModelConfiguration:
    """The configuration of a model, whatever form its weights take."""
    wanted, task = request.preparation, request.task
    return ModelConfiguration(
        mode=task_type(task).mode,
        max_length=facts.max_length,
        do_lower_case=facts.lower_cases,
        num_labels=facts.labels,
        embedding_name=facts.base_model,
        batch_size=wanted.batch_size or ModelConfiguration.batch_size,
        problem_type=facts.problem_type or "",
        trust_remote_code=facts.needs_code,
        attention=wanted.attention,
        device_map=wanted.device_map,
        generation=_generation(wanted.generation or Generation()) if task is TaskName.TextGeneration else None,
        pt2=PT2(compile=_compilation(wanted.compile)),
    )


def in_form(configuration: ModelConfiguration, candidate: Candidate) -> ModelConfiguration:
    """The configuration with what depends on the candidate. No two candidates have the same: their files may."""
    return replace(
        configuration,
        save_mode=SAVE_MODES[candidate.format],
        engine="packed" if candidate.engine is EngineName.Packed else "",
        precision="" if candidate.precision is Precision.Float32 else candidate.precision.value.lower(),
        hardware=HARDWARE.get(candidate.format, ""),
        pt2=PT2(
            compile=configuration.pt2.compile if candidate.engine is EngineName.Pretrained else None,
            export=candidate.format is Format.Exported,
        ),
    )


def _compilation(wanted: Compile | None) -> Compilation | None:
    return None if wanted is None else Compilation(wanted.backend, _COMPILE_MODE[wanted.mode])


def _generation(wanted: Generation) -> GenerationDefaults:
    default = GenerationDefaults()
    return GenerationDefaults(
        max_new_tokens=wanted.max_new_tokens or default.max_new_tokens,
        do_sample=wanted.sample,
        temperature=float(wanted.temperature or default.temperature),
        top_p=float(wanted.top_p or default.top_p),
        top_k=wanted.top_k or default.top_k,
        repetition_penalty=float(wanted.repetition_penalty or default.repetition_penalty),
        stop=wanted.stop or (),
        return_full_text=wanted.return_full_text,
    )

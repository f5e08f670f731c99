"""The workload that a candidate runs while it is measured."""

from collections.abc import Sequence
from functools import partial
from itertools import cycle, islice
from typing import Any

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.preparation.contest.asking import AnyModel, StepLimits
from transformermodel_predictor.preparation.contest.measurement import Course
from transformermodel_predictor.preparation.contest.workload import workload

_PROMPTS = 8
"""Texts generated as one batch: more would only take longer, since each token is a forward pass."""


def course_of(candidate: Candidate, model: AnyModel, questions: Sequence[Any], limits: StepLimits) -> Course:
    """Forward passes over tokens, without the tokenizer, which is the same for all candidates; or generated texts."""
    if isinstance(model, LoadedGenerator):
        together = list(islice(cycle(questions), _PROMPTS))
        return Course(candidate, len(together), partial(model.ask, together), [partial(model.ask, questions[:1])])
    windows = [encoding for parts in model.task.encode(model.tokenizer, questions) for encoding in parts]
    work = workload(windows, limits.rows, limits.tokens)
    return Course(
        candidate,
        rows=len(work.batch),
        batch=partial(model.engine.run, work.batch),
        singles=[partial(model.engine.run, (text,)) for text in work.singles],
    )

"""report.json: the measurements of an artifact's latest preparation. It differs from run to run."""

import json
from collections.abc import Sequence

from transformermodel_predictor.preparation.contest.verdict import Verdict
from transformermodel_predictor.preparation.golden import GoldenResult
from transformermodel_predictor.preparation.recorder import Recorder


def report_text(recorder: Recorder, golden: Sequence[GoldenResult], verdict: Verdict) -> str:
    """The content of report.json."""
    document = {
        "seconds": recorder.seconds(),
        "bytes": recorder.data(),
        "golden": [vars(result) for result in golden],
        **verdict.document(),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

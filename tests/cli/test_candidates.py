"""The table of candidates: what a person reads of report.json."""

from io import StringIO
from typing import Any

from rich.console import Console

from transformermodel_cli.candidates import notes, print_candidates, row

REFERENCE: dict[str, Any] = {
    "format": "Pretrained",
    "engine": "Pretrained",
    "precision": "Float32",
    "outcome": "InParity",
    "parity": {"difference": 0.0, "tolerance": 0.001, "samples": 6, "agreeing": 6, "disagreements": []},
    "sizeBytes": 91_581_386,
    "loadMilliseconds": 412.3,
    "single": {"rows": 1, "perSecond": 70.0, "p50Milliseconds": 14.29, "p99Milliseconds": 20.0},
    "batch": {"rows": 32, "perSecond": 45.0, "p50Milliseconds": 711.0, "p99Milliseconds": 790.0},
}
PACKED = {**REFERENCE, "engine": "Packed", "outcome": "Chosen"}
DROPPED = {
    "format": "Pretrained",
    "engine": "Packed",
    "precision": "BFloat16",
    "outcome": "Dropped",
    "reason": "ParityFailed",
    "message": "its answers differ from the reference by 0.0500, more than 0.03.",
    "parity": {"difference": 0.05, "tolerance": 0.03, "samples": 6, "agreeing": 5, "disagreements": []},
}
UNTRIED = [
    {"format": form, "engine": form, "precision": "Float32", "outcome": "NotTried", "message": "it takes long to build"}
    for form in ("TorchScript", "Exported")
]
REPORT = {"why": "Pretrained/Packed Float32 is the fastest.", "candidates": [REFERENCE, PACKED, DROPPED, *UNTRIED]}


def test_a_row_has_parity_speed_and_size() -> None:
    assert row(PACKED) == ("Pretrained/Packed Float32", "Chosen", "0.0000", "6/6", "45.0", "14.3", "412", "91.6")
    assert row(DROPPED) == ("Pretrained/Packed BFloat16", "Dropped", "0.0500", "5/6", "", "", "", "")


def test_it_is_told_why_one_was_taken_and_what_became_of_the_others() -> None:
    assert list(notes(REPORT)) == [
        "Pretrained/Packed Float32 is the fastest.",
        "Pretrained/Packed BFloat16 was dropped (ParityFailed): its answers differ from the reference by 0.0500, more "
        "than 0.03.",
        "Not tried: TorchScript Float32, Exported Float32: it takes long to build.",
    ]


def test_the_table_has_the_candidates_that_were_tried() -> None:
    console = Console(file=StringIO(), width=80)
    print_candidates(console, REPORT)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert " ".join(shown.splitlines()[0].split()) == "candidate outcome differs agree texts/s ms/text load ms MB"
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()[:4]) <= 80
    assert shown.count("Pretrained Float32") == 1
    assert "TorchScript Float32" in shown.splitlines()[-1]


def test_nothing_is_shown_of_an_artifact_without_a_report() -> None:
    console = Console(file=StringIO())
    print_candidates(console, {})
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]

"""Who wins, as a table."""

import pytest

from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.contest.election import rank, why
from transformermodel_predictor.preparation.contest.measurement import Measured, Speed

PLAIN, PACKED, HALF = (
    Candidate(Format.Pretrained, engine, precision)
    for engine, precision in [
        (EngineName.Pretrained, Precision.Float32),
        (EngineName.Packed, Precision.Float32),
        (EngineName.Packed, Precision.BFloat16),
    ]
)


def measured(candidate: Candidate, per_second: float, milliseconds: float, contender: bool = True) -> Measured:
    return Measured(
        candidate,
        Speed(1, 1000 / milliseconds, milliseconds / 1000, milliseconds / 1000),
        Speed(32, per_second, 32 / per_second, 32 / per_second),
        rounds=5,
        contender=contender,
    )


@pytest.mark.parametrize(
    ("speeds", "order"),
    [
        ({PLAIN: (100, 10)}, [PLAIN]),
        ({PLAIN: (100, 10), PACKED: (300, 10)}, [PACKED, PLAIN]),
        ({PLAIN: (100, 10), PACKED: (300, 40)}, [PLAIN, PACKED]),  # three times the throughput, a quarter as quick
        ({PLAIN: (100, 10), PACKED: (104, 10)}, [PLAIN, PACKED]),  # a tie goes to the simpler one
        ({PLAIN: (100, 10), PACKED: (300, 10), HALF: (301, 10)}, [PACKED, HALF, PLAIN]),
        ({PLAIN: (100, 10), PACKED: (300, 10), HALF: (600, 5)}, [HALF, PACKED, PLAIN]),
    ],
)
def test_the_fastest_wins_and_a_tie_goes_to_the_simpler(
    speeds: dict[Candidate, tuple[float, float]], order: list[Candidate]
) -> None:
    ranked = rank([measured(candidate, *speed) for candidate, speed in speeds.items()])
    assert [standing.candidate for standing in ranked] == order


@pytest.mark.parametrize(
    ("speeds", "said"),
    [
        ({PLAIN: (100, 10)}, "Pretrained Float32 is the only candidate in parity."),
        (
            {PLAIN: (100, 10), PACKED: (300, 5)},
            "Pretrained/Packed Float32 is the fastest: 3.00 times the throughput of Pretrained Float32 at the batch "
            "limit, and 2.00 times as quick with one text.",
        ),
        (
            {PLAIN: (100, 10), PACKED: (25, 10)},
            "Pretrained Float32 is the fastest; Pretrained/Packed Float32 reaches 0.50 of it.",
        ),
        (
            {PLAIN: (100, 10), PACKED: (104.04, 10)},
            "Pretrained Float32 is simpler than Pretrained/Packed Float32 and as fast within 5% (1.00 to 1.02 times "
            "Pretrained Float32).",
        ),
    ],
)
def test_the_choice_is_explained(speeds: dict[Candidate, tuple[float, float]], said: str) -> None:
    entries = [measured(candidate, *speed) for candidate, speed in speeds.items()]
    assert why(rank(entries), entries[0].candidate) == said


def test_what_left_in_the_first_rounds_comes_last_whatever_they_said() -> None:
    entries = [measured(PLAIN, 900, 1, contender=False), measured(PACKED, 300, 5), measured(HALF, 310, 5)]
    ranked = rank(entries)
    assert [standing.candidate for standing in ranked] == [PACKED, HALF, PLAIN]
    assert why(ranked, PLAIN).startswith("Pretrained/Packed Float32 is simpler than Pretrained/Packed BFloat16")
    assert why(ranked[2:] * 2, PLAIN).startswith("Pretrained Float32 is the fastest")

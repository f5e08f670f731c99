"""Which parts of a store nobody needs."""

from datetime import UTC, datetime, timedelta

from transformermodel_predictor.artifact.collection import Input, Kept, StoreContent, removable

NOW = datetime(2026, 1, 10, tzinfo=UTC)
GRACE = timedelta(days=7)
LATELY, LONG_AGO = NOW - timedelta(days=1), NOW - timedelta(days=8)


def content(
    artifacts: dict[str, datetime] | None = None,
    inputs: dict[str, tuple[str, datetime]] | None = None,
    referenced: tuple[str, ...] = (),
    leftovers: dict[str, datetime] | None = None,
) -> StoreContent:
    return StoreContent(
        artifacts={digest: Kept(100, used) for digest, used in (artifacts or {}).items()},
        inputs={key: Input(*value) for key, value in (inputs or {}).items()},
        referenced=frozenset(referenced),
        leftovers={name: Kept(10, used) for name, used in (leftovers or {}).items()},
    )


def test_what_nobody_has_needed_goes_with_the_inputs_that_led_to_it() -> None:
    removal = removable(content({"old": LONG_AGO}, {"key": ("old", LONG_AGO)}), NOW, GRACE)
    assert removal.artifacts == {"old": 100}
    assert removal.inputs == ("key",)
    assert removal.size == 100


def test_what_a_model_refers_to_stays_however_old_it_is() -> None:
    removal = removable(content({"old": LONG_AGO}, {"key": ("old", LONG_AGO)}, referenced=("old",)), NOW, GRACE)
    assert (removal.artifacts, removal.inputs) == ({}, ())


def test_what_was_asked_for_lately_stays_however_old_it_is() -> None:
    inputs = {"key": ("old", LATELY), "other": ("old", LONG_AGO)}
    removal = removable(content({"old": LONG_AGO}, inputs), NOW, GRACE)
    assert (removal.artifacts, removal.inputs) == ({}, ())


def test_what_is_being_written_stays() -> None:
    assert removable(content({"new": LATELY}), NOW, GRACE).artifacts == {}


def test_inputs_without_an_artifact_go() -> None:
    removal = removable(content(inputs={"key": ("gone", LONG_AGO), "new": ("to come", LATELY)}), NOW, GRACE)
    assert removal.inputs == ("key",)


def test_leftovers_stay_for_another_attempt_until_the_grace_period_is_over() -> None:
    removal = removable(content(leftovers={"old": LONG_AGO, "new": LATELY}), NOW, GRACE)
    assert removal.leftovers == {"old": 10}
    assert removal.size == 10

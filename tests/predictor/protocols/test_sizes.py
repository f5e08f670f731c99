import pytest

from transformermodel_predictor.protocols.errors import InvalidRequest, TextTooLarge, TooManyRows
from transformermodel_predictor.protocols.sizes import require_rows, require_size


@pytest.mark.parametrize(
    "fields",
    [{"text": "x" * 9}, {"text": "é" * 4}, {"text": "x" * 4, "text_pair": "x" * 4}, {"messages": [{"content": "xxx"}]}],
)
def test_texts_within_the_limit_pass(fields: dict[str, object]) -> None:
    require_size([fields, fields], 9)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "x" * 10},
        {"text": "é" * 5},
        {"text": "x" * 5, "text_pair": "x" * 5},
        {"messages": [{"content": "x" * 9}, {"content": "x"}]},
    ],
)
def test_a_row_with_more_bytes_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(TextTooLarge, match="more than 9 bytes"):
        require_size([{"text": ""}, fields], 9)


def test_a_value_may_be_nested_as_deep_as_json_is_read() -> None:
    nested: object = "x" * 10
    for _ in range(2000):
        nested = {"text": [nested]}
    with pytest.raises(TextTooLarge):
        require_size([{"text": nested}], 9)


def test_rows_up_to_the_limit_pass_and_one_more_is_refused_with_what_they_are_called() -> None:
    require_rows(3, 3)
    require_rows(4, None)
    with pytest.raises(TooManyRows, match="has 4 prompts; the server's --max-rows allows 3, so send several requests"):
        require_rows(4, 3, "prompts")


def test_more_values_than_conversations_have_are_refused_in_one_row_or_in_all_together() -> None:
    conversation = {"messages": [{"role": "user", "content": "x"}] * 1000}
    require_size([conversation] * 20, 10_000)
    for rows in ([conversation] * 22, [{"messages": [1] * 70_000}]):
        with pytest.raises(InvalidRequest, match="more than 65536 values"):
            require_size(rows, 10_000)

import uuid

from transformermodel_predictor.protocols.request_id import new_request_id


def test_each_is_a_random_uuid_in_its_usual_form() -> None:
    made = [new_request_id() for _ in range(100)]
    read = [uuid.UUID(one) for one in made]
    assert [str(one) for one in read] == made
    assert {(one.version, one.variant) for one in read} == {(4, uuid.RFC_4122)}
    assert len(set(made)) == len(made)

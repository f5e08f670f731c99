"""What is packed comes back as it was, and what is like others takes little."""

import json

from tests.operator.world import Object, job, model
from transformermodel_operator.watches.packing import Packer


def named(name: str) -> Object:
    return job(model(metadata={"name": name, "uid": f"uid-of-{name}"}))


def test_what_is_packed_comes_back_as_it_was() -> None:
    packer = Packer()
    documents = [named("first"), named("second"), model(), {"metadata": {"name": "größer \N{SLIGHTLY SMILING FACE}"}}]
    packed = [packer.pack(document) for document in documents]
    assert [packer.unpack(one) for one in packed] == documents


def test_an_object_that_is_like_the_first_takes_a_tenth_of_its_text() -> None:
    packer = Packer()
    packer.pack(named("first"))
    assert len(packer.pack(named("second"))) < len(json.dumps(named("second"))) / 10

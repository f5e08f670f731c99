"""The structural schema says in place what pydantic says by reference."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from transformermodel_api.pods import Quantity
from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.schema import schema_nodes, structural_schema


class Colour(StrEnum):
    """A colour."""

    Red = "Red"
    Green = "Green"


class Lamp(ResourceType):
    """A lamp."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("!has(self.watts) || self.watts > 0", "watts must be positive", ".watts"),
    )

    colour: Annotated[Colour, Field(description="What it shines.")] = Colour.Red
    watts: Annotated[int | None, Field(description="How bright it is.", le=100)] = None


class Room(ResourceType):
    """A room."""

    kind: Annotated[Literal["Room"], Field(description="What it is.")] = "Room"
    name: Annotated[str, Field(min_length=1, max_length=9, description="Its name."), Rule("self != ''", "name it")]
    lamp_above: Annotated[Lamp, Field(description="The lamp at the ceiling.")] = Lamp(watts=60)
    other: Annotated[Lamp | None, Field(description="Another lamp.")] = None
    sizes: Annotated[dict[str, Quantity] | None, Field(description="How large it is.")] = None
    things: Annotated[Mapping[str, Any] | None, Field(description="What stands in it, of any kind.")] = None
    doors: Annotated[
        tuple[str, ...],
        Field(max_length=4, description="Its doors.", json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()


SCHEMA = structural_schema(Room)
FIELDS = SCHEMA["properties"]


def test_references_are_written_in_place_with_the_description_of_the_field() -> None:
    assert FIELDS["other"]["description"] == "Another lamp."
    assert FIELDS["other"]["properties"]["colour"]["enum"] == ["Red", "Green"]
    assert "$ref" not in {keyword for node in schema_nodes(SCHEMA) for keyword in node}


def test_fields_have_their_names_on_the_wire() -> None:
    assert list(FIELDS) == ["kind", "name", "lampAbove", "other", "sizes", "things", "doors"]
    assert SCHEMA["required"] == ["name"]


def test_an_optional_value_is_its_plain_type() -> None:
    assert FIELDS["other"]["properties"]["watts"] == {
        "description": "How bright it is.",
        "type": "integer",
        "maximum": 100,
    }


def test_a_constant_is_an_enumeration_of_one() -> None:
    assert FIELDS["kind"] == {"description": "What it is.", "type": "string", "enum": ["Room"], "default": "Room"}


def test_a_default_says_only_what_its_fields_do_not_say_themselves() -> None:
    assert FIELDS["lampAbove"]["default"] == {"watts": 60}
    assert "default" not in FIELDS["doors"]
    assert "default" not in FIELDS["other"]


def test_rules_of_a_class_and_of_a_field_are_kept() -> None:
    assert FIELDS["lampAbove"]["x-kubernetes-validations"] == [
        {"rule": "!has(self.watts) || self.watts > 0", "message": "watts must be positive", "fieldPath": ".watts"}
    ]
    assert FIELDS["name"]["x-kubernetes-validations"] == [{"rule": "self != ''", "message": "name it"}]


def test_a_map_has_a_schema_for_its_entries_and_an_object_none() -> None:
    assert FIELDS["sizes"]["additionalProperties"]["x-kubernetes-int-or-string"] is True
    assert "type" not in FIELDS["sizes"]["additionalProperties"]
    assert "additionalProperties" not in SCHEMA


def test_what_is_of_any_kind_is_kept_as_it_is() -> None:
    assert FIELDS["things"] == {
        "description": "What stands in it, of any kind.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }


def test_lists_say_how_they_are_merged() -> None:
    assert FIELDS["doors"] == {
        "description": "Its doors.",
        "type": "array",
        "maxItems": 4,
        "x-kubernetes-list-type": "set",
        "items": {"type": "string"},
    }


def test_what_a_structural_schema_cannot_say_is_an_error() -> None:
    class Vague(ResourceType):
        thing: int | bool

    class Patterned(ResourceType):
        thing: Annotated[str, Field(pattern="a+")]

    with pytest.raises(TypeError, match="no words for the union"):
        structural_schema(Vague)
    with pytest.raises(TypeError, match="no words for pattern"):
        structural_schema(Patterned)

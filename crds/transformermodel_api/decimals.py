"""Fractional numbers as decimal strings, because Kubernetes' API conventions advise against floats."""

from typing import Annotated

from pydantic import Field

from transformermodel_api.rules import Rule

Score = Annotated[
    str,
    Field(max_length=32),
    Rule(r"self.matches(r'^(0(\.[0-9]+)?|1(\.0+)?)$')", 'must be a decimal from 0 to 1 in quotes, such as "0.997"'),
]
"""A probability, or a difference of probabilities."""

Positive = Annotated[
    str,
    Field(max_length=32),
    Rule(
        r"self.matches(r'^[0-9]+(\.[0-9]+)?$') && !self.matches(r'^0+(\.0+)?$')",
        'must be a decimal greater than 0 in quotes, such as "0.7"',
    ),
]
"""A decimal greater than 0."""

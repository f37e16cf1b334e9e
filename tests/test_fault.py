from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from category_crawler.fault import faults_of, what_is_allowed


class Round(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    kind: Literal["round"]
    radius: Annotated[float, Field(gt=0, le=100)]


class Square(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    kind: Literal["square"]
    side: int


_Name = Annotated[str, Field(min_length=1, max_length=5)]


class Drawing(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    shapes: Annotated[
        list[Annotated[Round | Square, Field(discriminator="kind")]], Field(max_length=2)
    ] = []
    names: _Name | Annotated[list[_Name], Field(max_length=2)] | None = None
    colours: list[Literal["red", "blue"]] | Literal["all"] | None = None
    is_framed: bool = False
    secret: int = 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"shapes": 5}, "shapes is 5: it must be an array"),
        ({"shapes": ["x"]}, "shapes.0 is 'x': it must be an object"),
        ({"shapes": [{}]}, "shapes.0.kind is missing"),
        (
            {"shapes": [{"kind": "oval"}]},
            "shapes.0.kind is 'oval': it must be one of 'round', 'square'",
        ),
        ({"shapes": [{"kind": 7}]}, "shapes.0.kind is 7: it must be one of 'round', 'square'"),
        ({"shapes": [{"kind": "round"}]}, "shapes.0.radius is missing"),
        (
            {"shapes": [{"kind": "round", "radius": "1"}]},
            "shapes.0.radius is '1': it must be a number",
        ),
        ({"shapes": [{"kind": "round", "radius": 0}]}, "shapes.0.radius is 0: it must be above 0"),
        (
            {"shapes": [{"kind": "round", "radius": 1, "round": 1}]},
            "shapes.0.round is not a known field",
        ),
        (
            {"shapes": [{"kind": "square", "side": 1}] * 2 + [{"kind": "square", "side": 1.5}]},
            "shapes has 3 entries: it must be an array of at most 2 entries",
        ),
        ({"names": 5}, "names is 5: it must be a string or an array"),
        ({"names": [5]}, "names.0 is 5: it must be a string"),
        ({"names": ["a", ""]}, "names.1 is '': it must be of at least 1 character"),
        (
            {"names": "too long"},
            "names is 'too long': it must be of at most 5 characters or an array",
        ),
        ({"colours": ["green"]}, "colours.0 is 'green': it must be 'red' or 'blue'"),
        ({"is_framed": "yes"}, "is_framed is 'yes': it must be true or false"),
        ({"secret": "mine"}, "secret is wrong: it must be a whole number"),
        ({"shape": 1}, "shape is not a known field"),
    ],
)
def test_a_fault_is_a_sentence_without_the_names_of_types(given: Any, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Drawing.model_validate(given)
    (fault,) = faults_of(refused.value, given, ["secret"])
    assert fault.message == says
    assert fault.message.startswith((f"{fault.field} is ", f"{fault.field} has "))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Input should be a valid URL", "input should be a valid URL"),
        ("URL scheme should be 'https'", "URL scheme should be 'https'"),
        ("Value error, must begin with https://", "must begin with https://"),
    ],
)
def test_a_message_ends_a_sentence(message: str, told: str) -> None:
    assert what_is_allowed(message) == told

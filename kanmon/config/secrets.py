"""The app's own secrets, and the texts of the config that may have their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kanmon.config.placeholders import SECRETS, names_in
from kanmon.config.section import MistakeError, Section
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.document import Location
    from kanmon.config.schema import Config


class Secret(Section):
    """One secret of the app. Functions read it while they run."""

    value: Literal["generated", "entered"] = Field(
        "entered",
        description="The origin of the value. `generated`: Kanmon makes 64 random letters and digits, for "
        "example a signing key. `entered`: empty until you enter the value in Secrets Manager, for example "
        "the key of a provider. Changing `entered` to `generated` replaces your value.",
    )
    description: str = Field(
        "",
        max_length=2048,
        examples=["Signs the login tokens."],
        description="A note for people in Secrets Manager, such as `Signs the login tokens.` Never the value "
        "itself.",
    )


def mistakes(config: Config) -> Iterator[MistakeError]:
    """A mistake for each `${secrets.…}` in a text that gets no values: it would stay as it is."""
    filled = set(_filled(config))
    for place, text in _texts((), config.as_json()):
        name = next((name for name in names_in(text) if name.startswith(f"{SECRETS}.")), "")
        if name and place not in filled:
            yield MistakeError(
                phrase("No secret's value is put in here: `${{{name}}}` would stay as it is.", name=name),
                phrase(
                    "Remove it. A secret's value can stand in `environment` of a function or of `verify`, "
                    "and in `headers`, `body` and `sign_in` of a check."
                ),
                at=place,
            )


def _filled(config: Config) -> Iterator[Location]:
    """The places of the texts that get secrets' values."""
    for name, function in config.functions.items():
        yield from (("functions", name, "environment", key) for key in function.environment)
    for index, check in enumerate(config.checks):
        for below, _ in check.texts():
            yield ("checks", index, *below)
    yield from (
        ("verify", "environment", key) for key in (config.verify.environment if config.verify else ())
    )


def _texts(place: Location, value: object) -> Iterator[tuple[Location, str]]:
    """All texts of a value in JSON, with their places."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts((*place, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*place, index), inner)

"""The parts of a step that have a shape of their own: retry, cache, fan-out, resources ..."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from . import types
from .hints import show
from .types import (
    Call,
    ClassNames,
    Duration,
    Flag,
    Name,
    Reference,
    SomeText,
    Texts,
    Version,
    choice,
    wrong,
)

if TYPE_CHECKING:
    _T = TypeVar("_T")
    Maybe: TypeAlias = _T | None
else:

    class Maybe:
        """May be left out (None), but not written as null."""

        def __class_getitem__(cls, item: Any) -> Any:
            return item


TriggerRule = Literal[
    "all_success", "all_done", "all_failed", "one_success", "one_failed", "one_done", "none_failed",
    "none_failed_min_one_success", "none_skipped", "all_skipped", "always",
]  # fmt: skip
TRIGGER_RULES: tuple[str, ...] = TriggerRule.__args__  # type: ignore[attr-defined]
OnError = Annotated[Literal["fail", "skip"], BeforeValidator(choice("fail", "skip"))]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, arbitrary_types_allowed=False)


class RetrySpec(Spec):
    """How often a failed task is tried again."""

    limit: Annotated[int, BeforeValidator(types.number(0, whole=True))] = Field(
        description="How many times to try again; there are at most limit + 1 attempts.", examples=[2], ge=0
    )
    delay: Duration = Field(0.0, description="How long to wait before trying again.", examples=["5s"])
    backoff: Annotated[float, BeforeValidator(types.number(1))] = Field(
        1.0, description="The delay is multiplied by this after each attempt.", examples=[2], ge=1
    )
    jitter: Annotated[Literal["none", "full"], BeforeValidator(choice("none", "full"))] = Field(
        "none", description="full: wait a random time between 0 and the delay."
    )
    max_delay: Maybe[Duration] = Field(
        None, description="The delay never grows beyond this.", examples=["1m"]
    )
    on: ClassNames = Field(
        [],
        description="Try again only on these exceptions, by bare or qualified name of any of their classes; "
        "also timeout and worker_lost. Empty: on anything.",
        examples=[["ConnectionError", "timeout"]],
    )


def _retry(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"limit": value}
    if not isinstance(value, dict | RetrySpec):
        raise wrong(f"must be a number or a mapping such as {{limit: 2, delay: 5s}}, not {show(value)}")
    return value


Retry = Annotated[
    RetrySpec, BeforeValidator(_retry, json_schema_input_type=Annotated[int, Field(ge=0)] | RetrySpec)
]


def _max_failures(value: Any) -> Any:
    if isinstance(value, str) and re.search(_SHARE, value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise wrong(f"must be a number of items or a share such as 10%, not {show(value)}")


_SHARE = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"
MaxFailures = Annotated[
    int | str,
    BeforeValidator(_max_failures),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": _SHARE},
            ]
        }
    ),
]


class CacheSpec(Spec):
    """How the step's outputs are reused."""

    enabled: Flag = Field(True, description="false: run every time.")
    version: Maybe[Version] = Field(
        None, description="Part of the cache key: change it to run again.", examples=[2, "2024-05"]
    )
    ignore: Texts = Field(
        [], description="Arguments that do not count for the cache key.", examples=[["n_jobs", "verbose"]]
    )
    code: Flag = Field(
        True, description="false: the code does not count, only the callable's name and the version."
    )


def _cache(value: Any) -> Any:
    if isinstance(value, bool):
        return {"enabled": value}
    if not isinstance(value, dict | CacheSpec):
        raise wrong(
            f"must be true, false or a mapping such as {{ignore: [n_jobs]}}, not {show(value)}",
            types.flag_hint(value),
        )
    return value


Cache = Annotated[CacheSpec, BeforeValidator(_cache, json_schema_input_type=bool | CacheSpec)]


class ForEachSpec(Spec):
    """One task for each element."""

    in_: Annotated[
        str | list[Any],
        WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "array"}]}),
    ] = Field(alias="in", description="A reference to a list, or a list.", examples=["train", [1, 2, 3]])
    key: Maybe[Reference] = Field(
        None, description="What names the items in task ids: item, or a part of it.", examples=["item.name"]
    )


def _foreach(value: Any) -> Any:
    if isinstance(value, str | list):
        return {"in": value}
    if not isinstance(value, dict | ForEachSpec):
        raise wrong(f"must be a reference or a list, not {show(value)}")
    source = value.get("in") if isinstance(value, dict) else ""
    if isinstance(value, dict) and "in" in value and not isinstance(source, str | list):
        raise wrong(f"must go over a reference or a list, not {show(source)}")
    return value


ForEach = Annotated[
    ForEachSpec, BeforeValidator(_foreach, json_schema_input_type=SomeText | list[Any] | ForEachSpec)
]


def _axis(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise wrong(f"must be a reference or a list, not {show(value)}")
    return value


Axis = Annotated[
    str | list[Any],
    BeforeValidator(_axis),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "array"}]}),
]


def not_empty(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        raise wrong("must not be empty", "leave it out")
    return value


def _whole(value: Any) -> Any:
    """A bare text is for the whole output, which has the name ''."""
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, dict):
        raise wrong(f"must be text or a mapping from outputs to texts, not {show(value)}")
    if "" in value:
        raise wrong("names an output ''")
    return value


_BY_OUTPUT: dict[str, Any] = {"type": "object", "minProperties": 1}
Checks = Annotated[
    dict[str, Call],
    BeforeValidator(_whole),
    AfterValidator(not_empty),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": types.CALL_PATTERN},
                {**_BY_OUTPUT, "additionalProperties": {"type": "string", "pattern": types.CALL_PATTERN}},
            ]
        }
    ),
]
Publishes = Annotated[
    dict[str, SomeText],
    BeforeValidator(_whole),
    AfterValidator(not_empty),
    WithJsonSchema(
        {
            "anyOf": [
                types.NOT_BLANK,
                {**_BY_OUTPUT, "additionalProperties": types.NOT_BLANK},
            ]
        }
    ),
]


def _outputs(value: Any) -> Any:
    if isinstance(value, str):
        raise wrong(f"must be a list of names, not {show(value)}", f"write [{value}]")
    if isinstance(value, list):
        if not value:
            raise wrong("must not be empty", "leave it out")
        seen: set[Any] = set()
        for item in value:
            if isinstance(item, str) and item in seen:
                raise wrong(f"names '{item}' twice")
            seen.add(item if isinstance(item, str) else id(item))
    return value


Outputs = Annotated[
    list[Name],
    BeforeValidator(_outputs),
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
]


def _resource(value: Any) -> Any:
    """A number, or a text that a param fills in."""
    if isinstance(value, str) and "${{" in value:
        return value
    return types.number(0)(value)


_FILLED = {"type": "string", "pattern": r"\$\{\{"}
Amount = Annotated[
    float | int | str,
    BeforeValidator(_resource),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, _FILLED]}),
]


def _bytes(value: Any) -> Any:
    return value if isinstance(value, str) and "${{" in value else types.size(value)


Bytes = Annotated[
    int | str,
    BeforeValidator(_bytes),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": types.SIZE_PATTERN},
                {"type": "integer", "minimum": 0},
                _FILLED,
            ]
        }
    ),
]


class ResourcesSpec(Spec):
    """What one task needs."""

    cpus: Maybe[Amount] = Field(None, description="Processor cores.", examples=[1, 0.5])
    memory: Maybe[Bytes] = Field(None, description="Main memory.", examples=["2GiB", "512MiB"])
    gpus: Maybe[Amount] = Field(None, description="Graphics processors.", examples=[1])
    disk: Maybe[Bytes] = Field(None, description="Temporary disk space.", examples=["10GiB"])


if TYPE_CHECKING:
    Resources = dict[str, Any]
else:
    Resources = Annotated[ResourcesSpec, AfterValidator(lambda spec: spec.model_dump(exclude_none=True))]

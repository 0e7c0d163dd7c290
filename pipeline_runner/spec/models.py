"""Every key of a pipeline file: its type, what it means, an example.

These models check one value at a time; what needs the whole (references, cycles) is `resolve`.
After validation everything has one form: seconds, bytes, lists, ``RetrySpec``. The descriptions
are what editors show: `schema.py` makes the JSON Schema of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from . import cron, types
from .hints import show
from .types import (
    Argument,
    Call,
    ClassNames,
    Condition,
    Duration,
    EnvName,
    Flag,
    Name,
    Reference,
    SecretSource,
    SomeDuration,
    SomeText,
    Text,
    Texts,
    Version,
    choice,
    wrong,
)

if TYPE_CHECKING:
    from typing import Optional as Maybe
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


Retry = Annotated[RetrySpec, BeforeValidator(_retry, json_schema_input_type=int | RetrySpec)]


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
        raise wrong(f"must be true, false or a mapping such as {{ignore: [n_jobs]}}, not {show(value)}")
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
    ForEachSpec, BeforeValidator(_foreach, json_schema_input_type=str | list[Any] | ForEachSpec)
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


def _some(value: dict[str, Any]) -> dict[str, Any]:
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
    AfterValidator(_some),
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
    AfterValidator(_some),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {**_BY_OUTPUT, "additionalProperties": {"type": "string", "minLength": 1}},
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


class StepSpec(Spec):
    """One step: a call, and what its arguments are bound to."""

    call: Call = Field(
        description="The Python function or class to call, as package.module:qualname.",
        examples=["churn.model:train"],
    )
    description: Text = Field("", description="What the step does, for people.")
    inputs: dict[Argument, Reference] = Field(
        {},
        description="Arguments bound to references: another step's output, a param, the item. "
        "A reference to a step is an edge of the graph.",
        examples=[{"frame": "split.train", "size": "params.test_size"}],
    )
    files: dict[Argument, SomeText] = Field(
        {},
        description="Arguments bound to tracked files: a reference to a path, or a path or pattern. "
        "Passed as an absolute path (a pattern: a sorted list); the content is part of the cache key.",
        examples=[{"path": "params.raw"}, {"paths": "data/*.csv"}],
    )
    with_: dict[Argument, Any] = Field(
        {},
        alias="with",
        description="Arguments bound to literals. ${{ params.x }} in a text puts a value in as text.",
        examples=[{"bootstrap": 200, "title": "Churn of ${{ params.year }}"}],
    )
    outputs: Maybe[Outputs] = Field(
        None,
        description="Names of the outputs: a returned mapping by name, or a tuple in order. "
        "Others read them as STEP.NAME.",
        examples=[["train", "test"]],
    )
    foreach: Maybe[ForEach] = Field(
        None,
        description="One task for each element of a list: a reference, a list, or {in: ..., key: item.name}. "
        "The element is 'item' in references.",
        examples=["train", "params.files", {"in": "params.files", "key": "item.name"}],
    )
    matrix: Maybe[Annotated[dict[Name, Axis], AfterValidator(_some), Field(min_length=1)]] = Field(
        None,
        description="One task for each combination of the axes, the last one changing fastest. "
        "An axis is read as matrix.NAME.",
        examples=[{"model": "params.models", "seed": [1, 2, 3]}],
    )
    max_parallel: Maybe[Annotated[int, BeforeValidator(types.number(1, whole=True))]] = Field(
        None, description="How many tasks of the fan-out may run at the same time.", examples=[4], ge=1
    )
    needs: Texts = Field(
        [], description="Steps that must come first, without any data from them.", examples=[["promote"]]
    )
    when: Maybe[Condition] = Field(
        None,
        description="Run only if this holds; else the step is skipped. Compares references and literals by "
        "== != < <= > >= in, not, and, or, ( ).",
        examples=["evaluate.auc >= params.min_auc"],
    )
    trigger_rule: Annotated[TriggerRule, BeforeValidator(choice(*TRIGGER_RULES))] = Field(
        "all_success", description="When the step runs, by how the steps that it needs have ended."
    )
    on_error: Maybe[OnError] = Field(
        None,
        description="skip: a failed item is left out of what is gathered, and the run can still succeed. "
        "fail (default): a failure fails the run.",
    )
    retry: Maybe[Retry] = Field(
        None,
        description="How often a failed task is tried again: a number, or a mapping. Replaces the default whole.",
        examples=[2, {"limit": 2, "delay": "5s", "backoff": 2, "jitter": "full"}],
    )
    timeout: Maybe[SomeDuration] = Field(
        None, description="The longest that one attempt may take; it is killed then.", examples=["30m"]
    )
    cache: Cache = Field(
        default_factory=lambda: CacheSpec.model_validate({}),
        description="false: run every time. Or a mapping: version, ignore, code.",
        examples=[False, {"ignore": ["n_jobs"]}, {"version": 2}],
    )
    check: Checks = Field(
        {},
        description="A callable that gets the output (or a mapping from outputs to callables): "
        "an exception or False fails the step.",
        examples=["churn.checks:not_empty", {"train": "churn.checks:not_empty"}],
    )
    publish: Publishes = Field(
        {},
        description="A path where people find a copy of the output (or a mapping from outputs to paths).",
        examples=["reports/churn.html", {"auc": "reports/auc.json"}],
    )
    env: dict[EnvName, Text] = Field(
        {}, description="Environment variables of the call; part of the cache key.", examples=[{"LANG": "C"}]
    )
    resources: Resources = Field(
        {}, description="What one task needs.", examples=[{"cpus": 1, "memory": "2GiB"}]
    )
    image: Maybe[SomeText] = Field(None, description="The container image; used by the exports.")
    tags: Texts = Field([], description="For selecting: prun run -s tag:nightly.", examples=[["nightly"]])


class ExecutorSpec(Spec):
    """Where tasks run."""

    backend: Maybe[SomeText] = Field(
        None,
        description="loky (processes, the default), threading, sequential, multiprocessing, or another joblib backend.",
        examples=["loky", "threading"],
    )
    workers: Maybe[Annotated[int, BeforeValidator(types.number(1, whole=True))]] = Field(
        None,
        description="How many tasks run at the same time; default: one for each core.",
        examples=[4],
        ge=1,
    )


class DefaultsSpec(Spec):
    """What every step has that does not say otherwise. A step's own value replaces it whole."""

    retry: Maybe[Retry] = Field(
        None, description="Retry of every step.", examples=[{"limit": 2, "delay": "5s"}]
    )
    timeout: Maybe[SomeDuration] = Field(None, description="Timeout of every step.", examples=["30m"])
    on_error: Maybe[OnError] = Field(None, description="on_error of every step.")
    cache: Maybe[Cache] = Field(None, description="Cache of every step.", examples=[False, {"version": 2}])
    resources: Resources = Field({}, description="Resources of every step.", examples=[{"memory": "2GiB"}])
    image: Maybe[SomeText] = Field(None, description="The container image of every step.")


class ProfileSpec(Spec):
    """What a profile changes: params, store, executor, env and image, never the wiring."""

    params: dict[str, Any] = Field({}, description="Values for params: mappings merge, the rest replaces.")
    store: Maybe[SomeText] = Field(None, description="Another store.", examples=["s3://team/churn"])
    executor: Maybe[ExecutorSpec] = Field(None, description="Another executor; keys not given stay.")
    env: dict[EnvName, Text] = Field({}, description="Environment variables, merged into those of the file.")
    image: Maybe[SomeText] = Field(
        None, description="Another image.", examples=["registry.example/churn:1.4"]
    )


def _cron(value: Any) -> Any:
    found = cron.problem(types.text(value))
    if found:
        raise wrong(*found)
    return " ".join(value.split())


def _timezone(value: Any) -> Any:
    from zoneinfo import available_timezones

    from .hints import did_you_mean

    known = available_timezones()
    if types.text(value) not in known and known - {"UTC"}:  # without tzdata nothing can be said
        raise wrong(
            f"must be a time zone, not {show(value)}",
            did_you_mean(value, sorted(known)) or "such as Europe/Berlin",
        )
    return value


class ScheduleSpec(Spec):
    """When the pipeline runs in production; used by the exports."""

    cron: Annotated[str, BeforeValidator(_cron)] = Field(
        description="Minute, hour, day of the month, month, day of the week.", examples=["0 6 * * 1"]
    )
    timezone: Annotated[str, BeforeValidator(_timezone)] = Field(
        "UTC", description="An IANA time zone.", examples=["Europe/Berlin"]
    )


def _title(value: Any) -> Any:
    if not types.some_text(value).isprintable() or len(value) > 100:
        raise wrong("must be one line of at most 100 characters")
    return value


class IncludedSpec(Spec):
    """A file named by ``include``: it adds steps and params."""

    description: Text = Field("", description="What the pipeline does, for people.")
    params: dict[Name, Any] = Field(
        {},
        description="Values that steps read as params.NAME; -p NAME=VALUE and profiles change them. "
        "In full: {type: float, default: 0.2, gt: 0, lt: 1}.",
        examples=[{"raw": "data/customers.csv", "test_size": 0.2, "seeds": [1, 2, 3]}],
    )
    include: Texts = Field(
        [],
        description="Other files whose steps and params are added; paths count from the root file's folder.",
        examples=[["steps/train.yaml"]],
    )
    steps: dict[Name, StepSpec] = Field(
        {}, description="The steps by name; the order is given by what they read, not by where they stand."
    )


class PipelineSpec(IncludedSpec):
    """A pipeline: params, and steps that call Python functions."""

    name: Annotated[str, BeforeValidator(_title)] = Field(
        "",
        description="The pipeline's name; default: its folder's.",
        examples=["churn"],
        min_length=1,
        max_length=100,
    )
    profiles: dict[Name, ProfileSpec] = Field(
        {},
        description="Named overlays, chosen by --profile NAME: they change params, store, executor, env and image.",
        examples=[{"dev": {"params": {"seeds": [1]}}}],
    )
    store: Maybe[SomeText] = Field(
        None,
        description="Where outputs are kept: a folder or any fsspec URL; default: .prun beside the pipeline file.",
        examples=[".prun", "s3://team/churn"],
    )
    executor: ExecutorSpec = Field(
        default_factory=lambda: ExecutorSpec.model_validate({}),
        description="Where tasks run.",
        examples=[{"backend": "loky", "workers": 4}],
    )
    defaults: DefaultsSpec = Field(
        default_factory=lambda: DefaultsSpec.model_validate({}),
        description="What every step has that does not say otherwise.",
        examples=[{"timeout": "30m"}],
    )
    pythonpath: Texts = Field(
        [],
        description="Folders that come first on the import path, behind the pipeline file's own.",
        examples=[["src"]],
    )
    env: dict[EnvName, Text] = Field(
        {},
        description="Environment variables of every step's call; part of the cache keys.",
        examples=[{"LANG": "C"}],
    )
    secrets: dict[Name, SecretSource] = Field(
        {},
        description="Secrets that steps read as secrets.NAME: env:VARIABLE or file:PATH. Never stored or shown.",
        examples=[{"TOKEN": "env:MY_TOKEN"}],
    )
    image: Maybe[SomeText] = Field(None, description="The container image of all steps; used by the exports.")
    schedule: Maybe[ScheduleSpec] = Field(
        None,
        description="When the pipeline runs in production; used by the exports.",
        examples=[{"cron": "0 6 * * 1", "timezone": "Europe/Berlin"}],
    )

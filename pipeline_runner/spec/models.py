"""Every key of a pipeline file: its type, what it means, an example.

These models check one value at a time; what needs the whole (references, cycles) is `resolve`.
After validation everything has one form: seconds, bytes, lists, ``RetrySpec``. The descriptions
are what editors show: `schema.py` makes the JSON Schema of them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from . import cron, types
from .hints import did_you_mean, show
from .policies import (
    TRIGGER_RULES,
    Cache,
    CacheSpec,
    ForEachSpec,
    Maybe,
    OnError,
    Resources,
    ResourcesSpec,
    Retry,
    RetrySpec,
    Spec,
)
from .steps import StepSpec
from .types import EnvName, Name, SecretSource, SomeDuration, SomeText, Text, Texts, choice, wrong

__all__ = [
    "TRIGGER_RULES",
    "CacheSpec",
    "DefaultsSpec",
    "ExecutorSpec",
    "ForEachSpec",
    "IncludedSpec",
    "PipelineSpec",
    "ProfileSpec",
    "ResourcesSpec",
    "RetrySpec",
    "ScheduleSpec",
    "StepSpec",
    "StoreSpec",
]


class ExecutorSpec(Spec):
    """Where tasks run."""

    backend: Maybe[SomeText] = Field(
        None,
        description="loky (processes, the default), threading, sequential, multiprocessing, "
        "or another joblib backend: by its name, or as MODULE:NAME where importing a module registers it.",
        examples=["loky", "threading"],
    )
    workers: Maybe[Annotated[int, BeforeValidator(types.number(1, whole=True))]] = Field(
        None,
        description="How many tasks run at the same time; default: one for each core.",
        examples=[4],
        ge=1,
    )
    cpus: Maybe[types.Positive] = Field(
        None,
        description="How many processor cores the running tasks may ask for together; "
        "default: one for each worker.",
        examples=[8],
    )
    memory: Maybe[types.Size] = Field(
        None,
        description="How much main memory the running tasks may ask for together; default: no limit.",
        examples=["16GiB"],
    )
    gpus: Maybe[types.NotNegative] = Field(
        None,
        description="How many graphics processors the running tasks may ask for together; default: no limit.",
        examples=[1],
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


class StoreSpec(Spec):
    """Where outputs are kept, and who may write there."""

    url: Maybe[SomeText] = Field(
        None,
        description="A folder or any fsspec URL; default: .prun beside the pipeline file.",
        examples=[".prun", "s3://team/churn"],
    )
    sign: Maybe[SecretSource] = Field(
        None,
        description="Where the key lies that signs all records of the store: env:VARIABLE or file:PATH. "
        "What is not signed with it is ignored, and never unpickled.",
        examples=["env:PRUN_KEY"],
    )


def _store(value: Any) -> Any:
    if isinstance(value, str):
        return {"url": value}
    if not isinstance(value, dict | StoreSpec):
        raise wrong(f"must be a text or a mapping such as {{url: s3://team/churn, sign: env:PRUN_KEY}}, "
                    f"not {show(value)}")  # fmt: skip
    return value


Store = Annotated[
    StoreSpec,
    BeforeValidator(_store, json_schema_input_type=SomeText | StoreSpec),
]


class ProfileSpec(Spec):
    """What a profile changes: params, store, executor, env and image, never the wiring."""

    params: dict[str, Any] = Field({}, description="Values for params: mappings merge, the rest replaces.")
    store: Maybe[Store] = Field(
        None, description="Another store; keys not given stay.", examples=["s3://team/churn"]
    )
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
        "In full: {type: float, default: 0.2, gt: 0, lt: 1, description: the share held out}.",
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
        max_length=100,
        json_schema_extra={"pattern": r"\S"},
    )
    profiles: dict[Name, ProfileSpec] = Field(
        {},
        description="Named overlays, chosen by --profile NAME: "
        "they change params, store, executor, env and image.",
        examples=[{"dev": {"params": {"seeds": [1]}}}],
    )
    store: Maybe[Store] = Field(
        None,
        description="Where outputs are kept: a folder or any fsspec URL, or {url, sign}; "
        "default: .prun beside the pipeline file.",
        examples=[".prun", "s3://team/churn", {"url": "s3://team/churn", "sign": "env:PRUN_KEY"}],
    )
    serializers: Annotated[Literal["any", "safe"], BeforeValidator(choice("any", "safe"))] = Field(
        "any",
        description="safe: no pickle is written or read, only plain data, arrays, tables, text, bytes and "
        "files. any (default): what is nothing of these is pickled.",
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
    pools: dict[Name, types.Count] = Field(
        {},
        description="Named pools, and how many tasks of all steps that name one may run at the same time.",
        examples=[{"db": 2}],
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
        description="Secrets that steps read as secrets.NAME: env:VARIABLE or file:PATH. "
        "Never stored or shown.",
        examples=[{"TOKEN": "env:MY_TOKEN"}],
    )
    on_success: types.Calls = Field(
        [],
        description="A callable (or a list of them) that is called with a summary of the run, a mapping, "
        "after every run that has succeeded. If it fails, that is told, and the run has succeeded still.",
        examples=["churn.notify:done"],
    )
    on_failure: types.Calls = Field(
        [],
        description="The same after every run that has failed; not after one that was interrupted.",
        examples=["churn.notify:failed", ["churn.notify:failed", "churn.notify:page"]],
    )
    image: Maybe[SomeText] = Field(None, description="The container image of all steps; used by the exports.")
    schedule: Maybe[ScheduleSpec] = Field(
        None,
        description="When the pipeline runs in production; used by the exports.",
        examples=[{"cron": "0 6 * * 1", "timezone": "Europe/Berlin"}],
    )

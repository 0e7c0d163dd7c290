"""A step: every key, its type, what it means, an example."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from . import types
from .policies import (
    TRIGGER_RULES,
    Axis,
    Cache,
    CacheSpec,
    Checks,
    ForEach,
    MaxFailures,
    Maybe,
    OnError,
    Outputs,
    Publishes,
    Resources,
    Retry,
    Spec,
    TriggerRule,
    not_empty,
)
from .types import (
    Argument,
    Call,
    Condition,
    EnvName,
    Name,
    Reference,
    SomeDuration,
    SomeText,
    Text,
    Texts,
    choice,
)


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
    matrix: Maybe[Annotated[dict[Name, Axis], AfterValidator(not_empty)]] = Field(
        None,
        json_schema_extra={"minProperties": 1},
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
    trigger_rule: Annotated[TriggerRule, BeforeValidator(choice(*TRIGGER_RULES, what="a trigger rule"))] = (
        Field("all_success", description="When the step runs, by how the steps that it needs have ended.")
    )
    on_error: Maybe[OnError] = Field(
        None,
        description="skip: a failed item is left out of what is gathered, and the run can still succeed. "
        "fail (default): a failure fails the run.",
    )
    max_failures: Maybe[MaxFailures] = Field(
        None,
        description="When so many items of the fan-out have failed, the rest is not started. "
        "With on_error: skip so many may fail; with one more the step fails. A number, or a share.",
        examples=[3, "10%"],
    )
    retry: Maybe[Retry] = Field(
        None,
        description="How often a failed task is tried again: a number, or a mapping. "
        "Replaces the default whole.",
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
    pool: Maybe[Name] = Field(
        None,
        description="The named pool, of those at the top, in which each task takes one place.",
        examples=["db"],
    )
    pools: dict[Name, types.Count] = Field(
        {}, description="The same for several pools, or several places.", examples=[{"db": 1, "licences": 2}]
    )
    image: Maybe[SomeText] = Field(None, description="The container image; used by the exports.")
    tags: Texts = Field([], description="For selecting: prun run -s tag:nightly.", examples=[["nightly"]])

"""The JSON Schema says what the loader accepts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline_runner.spec.schema import json_schema, schema_text
from pipeline_runner.spec.source import SourceFile
from pipeline_runner.spec.steps import StepSpec
from pipeline_runner.spec.yaml_source import parse

FILE = Path(__file__).parents[3] / "schemas" / "pipeline.schema.json"
CONTRACT = Path(__file__).with_name("contract.yaml")


def data(text: str) -> Any:
    root = parse(text, SourceFile("p.yaml", text)).root
    assert root is not None
    return root.data


def valid(value: Any) -> bool:
    return jsonschema.Draft202012Validator(json_schema()).is_valid(value)


def test_the_file_is_in_step() -> None:
    """Renew with PRUN_RENEW_GOLDEN=1."""
    if os.environ.get("PRUN_RENEW_GOLDEN"):
        FILE.write_text(schema_text(), encoding="utf-8", newline="\n")
    assert FILE.read_text(encoding="utf-8") == schema_text()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_contract_s_pipeline_is_valid() -> None:
    assert valid(data(CONTRACT.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "change",
    [
        "nmae: x",
        "on_success: x",
        "on_failure: [m:f, 3]",
        "pools: {db: many}",
        "executor: {cpus: 0}",
        "step: {}",
        "schedule: {chron: x}",
        "executor: {worker: 1}",
        "defaults: {retries: 1}",
    ],
)
def test_misspelt_keys_at_the_top(change: str) -> None:
    assert not valid({"steps": {"a": {"call": "m:f"}}, **data(change)})


# what stands in a step, and whether it is right: the schema and the models must agree
FORMS = [
    ("retry: 2", True), ("retry: {limit: 2, delay: 5s}", True), ("retry: -1", False),
    ("retry: {delay: 5s}", False),
    ("retry: often", False), ("retry: {limit: 1, on: E}", True), ("retry: {limit: 1, jitter: some}", False),
    ("timeout: 30m", True), ("timeout: 90", True), ("timeout: soon", False), ("timeout: true", False),
    ("timeout: 0", False), ("timeout: null", False), ("timeout: 1.5h", True), ("timeout: 5 minutes", False),
    ("cache: false", True), ("cache: {ignore: [a], version: 2, code: false}", True), ("cache: no", False),
    ("cache: {key: 1}", False), ("foreach: train", True), ("foreach: [1, {a: b}]", True),
    ("foreach: 3", False),
    ("foreach: {in: x, key: item}", True), ("foreach: {in: [1]}", True), ("foreach: {key: item}", False),
    ("matrix: {a: [1], b: params.x}", True), ("matrix: {}", False), ("matrix: {a: 3}", False),
    ("matrix: {'a b': [1]}", False), ("needs: a", True), ("needs: [a, b]", True), ("needs: [1]", False),
    ("outputs: [a]", True), ("outputs: []", False), ("outputs: a", False), ("outputs: [a, a]", False),
    ("check: m:f", True), ("check: {a: m:f}", True), ("check: f", False), ("check: {}", False),
    ("publish: x.csv", True), ("publish: {a: x.csv}", True), ("publish: 3", False),
    ("inputs: {a: b}", True), ("inputs: {a: 1}", False), ("inputs: {a-b: c}", False), ("inputs: [a]", False),
    ("with: {a: [1, {b: null}]}", True), ("with: {1a: 2}", False), ("files: {a: '*.csv'}", True),
    ("env: {A: b}", True), ("env: {A: 1}", False), ("env: {A-B: c}", False),
    ("resources: {cpus: 1, memory: 2GiB}", True), ("resources: {memory: '${{ params.m }}'}", True),
    ("max_failures: 3", True), ("max_failures: 10%", True), ("max_failures: 2.5%", True),
    ("max_failures: 0", True), ("max_failures: -1", False), ("max_failures: 101%", False),
    ("max_failures: 0.1", False), ("max_failures: some", False), ("max_failures: '%'", False),
    ("pool: db", True), ("pool: [db]", False), ("pools: {db: 2}", True), ("pools: {db: 0}", False),
    ("resources: {memory: lots}", False), ("resources: {cpu: 1}", False), ("resources: {cpus: -1}", False),
    ("when: a == b", True), ("when: false", True), ("when: 3", False), ("trigger_rule: all_done", True),
    ("trigger_rule: sometimes", False), ("on_error: skip", True), ("on_error: ignore", False),
    ("max_parallel: 2", True), ("max_parallel: 0", False), ("max_parallel: 1.5", False), ("tags: [a]", True),
    ("retry: {limit: 1, on: [a.B, timeout]}", True), ("retry: {limit: 1, on: ['a b']}", False),
    ("image: ' '", False), ("needs: ' '", False), ("tags: ['']", False), ("publish: ' '", False),
    ("publish: {a: ' '}", False), ("when: ' '", False), ("files: {a: ' '}", False),
    ("image: i", True), ("image: 3", False), ("description: x", True), ("nope: 1", False), ("call: f", False),
    ("call: a.b:C.d", True), ("call: a/b.py:c", False),
]  # fmt: skip


@pytest.mark.parametrize(("written", "right"), FORMS)
def test_schema_and_models_agree(written: str, right: bool) -> None:
    step = {"call": "m:f", **data(written)}
    assert valid({"steps": {"a": step}}) is right
    if right:
        StepSpec.model_validate(step)
    else:
        with pytest.raises(ValueError, match="validation error"):
            StepSpec.model_validate(step)


@pytest.mark.parametrize("name", ["params", "my step", "1a"])
def test_step_names(name: str) -> None:
    assert not valid({"steps": {name: {"call": "m:f"}}})


def test_every_key_is_described() -> None:
    schema = json_schema()
    for title, properties in [("", schema["properties"])] + [
        (n, d["properties"]) for n, d in schema["$defs"].items()
    ]:
        for key, value in properties.items():
            assert value.get("description") or "$ref" in value, f"{title}.{key}"

"""The JSON Schema of a pipeline file, for editors: made of the models, so it says what they accept."""

from __future__ import annotations

import json
from typing import Any

from .models import PipelineSpec
from .types import NAME_PATTERN

_ID = "https://raw.githubusercontent.com/prun-pipelines/prun/main/schemas/pipeline.schema.json"


def json_schema() -> dict[str, Any]:
    """Draft 2020-12."""
    made = PipelineSpec.model_json_schema(by_alias=True, mode="validation")
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": "prun pipeline",
    }
    schema |= {key: value for key, value in made.items() if key != "title"}
    schema["anyOf"] = [{"required": ["steps"]}, {"required": ["include"]}]
    clean: dict[str, Any] = _clean(schema)
    steps = clean["properties"]["steps"]
    steps["propertyNames"]["not"] = {"enum": ["params", "item", "matrix", "secrets", "run", "env"]}
    for spec in clean["$defs"].values():
        spec["additionalProperties"] = False
    return clean


def schema_text() -> str:
    """As it stands in ``schemas/pipeline.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _clean(node: Any, named: bool = False) -> Any:
    """Without what pydantic adds for itself: titles of keys, null as a default."""
    if isinstance(node, list):
        return [_clean(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {}
    for key, value in node.items():
        if not named and ((key == "title" and isinstance(value, str) and "$id" not in node) or _empty(key, value)):
            continue
        if key == "patternProperties" and not named:
            value = {NAME_PATTERN: next(iter(value.values()))}
        kept[key] = value if key in {"examples", "default", "enum"} and not named else _clean(
            value, named=key in {"properties", "$defs"} and not named
        )
    return kept


def _empty(key: str, value: Any) -> bool:
    return key == "default" and value in (None, "", [], {})

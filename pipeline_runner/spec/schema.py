"""The JSON Schema of a pipeline file, for editors: made of the models, so it says what they accept."""

from __future__ import annotations

import json
from typing import Any

from ..model.names import RESERVED
from .models import PipelineSpec

_ID = "urn:prun:pipeline"
_DATA = frozenset({"examples", "default", "enum", "const"})  # not schemas themselves


def json_schema() -> dict[str, Any]:
    """The schema as a value, draft 2020-12."""
    made: dict[str, Any] = _clean(PipelineSpec.model_json_schema(by_alias=True, mode="validation"))
    made["properties"]["steps"]["propertyNames"] = {"not": {"enum": sorted(RESERVED)}}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": "prun pipeline",
        "description": made.pop("description"),
    }
    # an included file may hold params alone
    return head | made | {"anyOf": [{"required": [key]} for key in ("steps", "include", "params")]}


def schema_text() -> str:
    """As it stands in ``schemas/pipeline.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _clean(schema: Any) -> Any:
    """Without what pydantic adds for itself, and with every mapping closed to other keys."""
    if isinstance(schema, list):
        return [_clean(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" or (key == "default" and value in (None, "", [], {})):
            continue
        if key in {"properties", "patternProperties", "$defs"}:
            kept[key] = {name: _clean(inner) for name, inner in value.items()}
        else:
            kept[key] = value if key in _DATA else _clean(value)
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept

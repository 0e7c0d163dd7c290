"""What to say beside a problem: the key that was probably meant, and how a value looks."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

# What people write who come from other tools, by the level it stands at.
_STEP_WORDS = {
    "retries": "retry", "max_retries": "retry", "retry_policy": "retry", "retryStrategy": "retry",
    "depends_on": "needs", "dependsOn": "needs", "depends": "needs", "dependencies": "needs",
    "after": "needs", "requires": "needs", "need": "needs", "upstream": "needs",
    "args": "with", "kwargs": "with", "arguments": "with", "with_": "with", "options": "with",
    "deps": "files", "file": "files", "paths": "files",
    "in": "inputs", "outs": "outputs", "output": "outputs", "returns": "outputs",
    "if": "when", "condition": "when", "unless": "when",
    "run": "call", "command": "call", "cmd": "call", "script": "call", "function": "call", "func": "call",
    "callable": "call", "python": "call", "uses": "call", "calls": "call", "target": "call",
    "for_each": "foreach", "forEach": "foreach", "loop": "foreach", "map": "foreach", "withItems": "foreach",
    "with_items": "foreach", "each": "foreach",
    "environment": "env", "vars": "env",
    "time_limit": "timeout", "timeout_minutes": "timeout", "timeout-minutes": "timeout",
    "execution_timeout": "timeout", "activeDeadlineSeconds": "timeout",
    "memory": "resources", "cpus": "resources", "requests": "resources",
    "continue_on_error": "on_error", "continue-on-error": "on_error", "continueOn": "on_error",
    "max-parallel": "max_parallel", "parallelism": "max_parallel", "concurrency": "max_parallel",
    "strategy": "matrix", "memoize": "cache", "caching": "cache", "doc": "description",
    "validate": "check", "checks": "check", "save": "publish", "trigger": "trigger_rule",
}  # fmt: skip
_TOP_WORDS = {
    "parameters": "params", "variables": "params", "vars": "params", "arguments": "params",
    "config": "params",
    "stages": "steps", "jobs": "steps", "tasks": "steps",
    "nodes": "steps", "pipeline": "steps",
    "step": "steps",
    "environment": "env", "imports": "include", "includes": "include",
    "path": "pythonpath", "python_path": "pythonpath", "PYTHONPATH": "pythonpath",
    "cron": "schedule", "on": "schedule", "default": "defaults", "title": "name", "backend": "executor",
    "profile": "profiles", "secret": "secrets", "cache_dir": "store", "storage": "store",
}  # fmt: skip
_RETRY_WORDS = {
    "max_attempts": "limit", "attempts": "limit", "retries": "limit", "count": "limit", "times": "limit",
    "max": "limit", "factor": "backoff", "exponential": "backoff", "wait": "delay", "interval": "delay",
    "errors": "on", "exceptions": "on", "maxDuration": "max_delay",
}  # fmt: skip
_EXECUTOR_WORDS = {"n_jobs": "workers", "jobs": "workers", "max_workers": "workers", "name": "backend",
                   "type": "backend", "kind": "backend"}  # fmt: skip
_RESOURCE_WORDS = {"cpu": "cpus", "cores": "cpus", "mem": "memory", "ram": "memory", "gpu": "gpus"}
_SCHEDULE_WORDS = {"tz": "timezone", "expression": "cron", "schedule": "cron"}
_PARAM_WORDS = {
    "min": "ge", "minimum": "ge", "gte": "ge", "max": "le", "maximum": "le", "lte": "le", "above": "gt",
    "below": "lt", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt", "multipleOf": "multiple_of",
    "minLength": "min_length", "maxLength": "max_length", "minItems": "min_length", "maxItems": "max_length",
    "regex": "pattern", "help": "description", "doc": "description", "value": "default",
}  # fmt: skip
_CACHE_WORDS = {"key": "version", "exclude": "ignore", "disabled": "enabled"}
WORDS = {
    "step": _STEP_WORDS, "pipeline": _TOP_WORDS, "retry": _RETRY_WORDS, "executor": _EXECUTOR_WORDS,
    "resources": _RESOURCE_WORDS, "schedule": _SCHEDULE_WORDS, "cache": _CACHE_WORDS,
    "param": _PARAM_WORDS,
}  # fmt: skip
_SPECIAL = {
    ("step", "name"): "a step's name is its key under 'steps'",
    ("step", "params"): "read a param by inputs: {ARGUMENT: params.NAME}; literals go under 'with'",
    ("step", "parameters"): "literals go under 'with'; read a param by inputs: {ARGUMENT: params.NAME}",
    ("step", "store"): "'store' stands at the top of the file",
    ("step", "secrets"): "name the secret at the top and read it by inputs: {ARGUMENT: secrets.NAME}",
    ("step", "steps"): "steps do not nest; use 'include' to spread them over files",
    ("step", "executor"): "'executor' stands at the top of the file",
    ("step", "schedule"): "'schedule' stands at the top of the file",
    ("step", "max_retries"): "did you mean 'retry'? It takes a number",
    ("step", "continue-on-error"): "write on_error: skip",
    ("step", "continue_on_error"): "write on_error: skip",
    ("step", "strategy"): "'matrix' stands directly in the step",
    ("step", "cpus"): "write resources: {cpus: 1}",
    ("step", "memory"): "write resources: {memory: 2GiB}",
    ("step", "gpus"): "write resources: {gpus: 1}",
    ("pipeline", "pool"): "a step names its pool; at the top stands how big each is: pools: {NAME: 2}",
    ("pipeline", "retry"): "it belongs to a step, or to 'defaults' for all of them",
    ("pipeline", "timeout"): "it belongs to a step, or to 'defaults' for all of them",
    ("pipeline", "resources"): "it belongs to a step, or to 'defaults' for all of them",
    ("pipeline", "cache"): "it belongs to a step, or to 'defaults' for all of them",
    ("pipeline", "on_error"): "it belongs to a step, or to 'defaults' for all of them",
    ("pipeline", "workers"): "write executor: {workers: 4}",
    ("pipeline", "timezone"): "it belongs to 'schedule'",
    ("pipeline", "version"): "the file has no version; a cache version belongs to a step's 'cache'",
    ("defaults", "env"): "'env' for all steps stands at the top of the file",
    ("profile", "steps"): "a profile changes params, store, executor, env and image, never the wiring",
    ("profile", "defaults"): "a profile changes params, store, executor, env and image, never the wiring",
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'inputs'?``, or nothing where nothing is near."""
    names = list(known)
    folded = {name.lower().replace("-", "_"): name for name in names}
    like = word.lower().replace("-", "_")
    if like in folded:
        return f"did you mean '{folded[like]}'?"
    close = get_close_matches(word, names, 1, 0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def one_of(word: str, known: Iterable[str], what: str = "known") -> str:
    """The nearest name, else all of them where they are few."""
    names = list(known)
    near = did_you_mean(word, names)
    if near or not names:
        return near
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"{what}: {listed}"


def key_hint(level: str, key: str, known: Iterable[str]) -> str:
    """The hint for an unknown key of a model (``level`` is the model's short name)."""
    special = _SPECIAL.get((level, key))
    if special:
        return special
    names = list(known)
    meant = WORDS.get(level, {}).get(key)
    if meant in names:
        return f"did you mean '{meant}'?"
    if ":" in key and (name := key.split(":", 1)[0]) in names:
        return f"a space must follow the colon: write {name}: {key.split(':', 1)[1]}"
    return did_you_mean(key, names) or f"known here: {', '.join(names)}"


def show(value: Any) -> str:
    """A value as a message shows it: short, and as it would stand in YAML."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if isinstance(value, int | float):
        return "a huge number" if isinstance(value, int) and value.bit_length() > 200 else str(value)
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return f"a {type(value).__name__}"


def kind(value: Any) -> str:
    """The kind of a plain value, for people."""
    kinds = {bool: "true or false", int: "an integer", float: "a number", str: "text", list: "a list"}
    if value is None:
        return "null"
    return kinds.get(type(value), "a mapping" if isinstance(value, dict) else type(value).__name__)

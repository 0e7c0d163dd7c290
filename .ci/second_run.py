"""Holds an example's second run against its first: all that may be reused was."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml


def main(pipeline: Path, first: dict[str, Any], second: dict[str, Any]) -> int:
    steps = yaml.safe_load(pipeline.read_text(encoding="utf-8"))["steps"]
    always = {name for name, step in steps.items() if step.get("cache") is False}
    wrong = [f"{run['run_id']}: {run['status']}" for run in (first, second) if run["status"] != "succeeded"]
    if [t["id"] for t in first["tasks"]] != [t["id"] for t in second["tasks"]]:
        wrong.append("the two runs have different tasks")
    for task in second["tasks"]:
        allowed = {"succeeded"} if task["step"] in always else {"reused"}
        if task["status"] not in allowed:
            wrong.append(f"{task['id']}: {task['status']}, not {' or '.join(sorted(allowed))}")
    for line in wrong[:20]:
        print(f"  {line}", file=sys.stderr)
    counts = {status: n for status, n in second["counts"].items() if n}
    print(f"{pipeline}: {first['seconds']:.1f} s, then {second['seconds']:.1f} s with {counts}")
    return 1 if wrong else 0


if __name__ == "__main__":
    file, *runs = map(Path, sys.argv[1:])
    sys.exit(main(file, *(json.loads(run.read_text(encoding="utf-8")) for run in runs)))

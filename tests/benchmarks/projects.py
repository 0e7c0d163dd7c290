"""The projects that prun runs here: each a folder with a pipeline and the functions that it calls."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WORK = '''\
"""What all tools call. Nothing here knows any tool."""
import json
import os
import time


def first():
    return 0


def add_one(x):
    return x + 1


def make_items(n):
    return list(range(n))


def square(x):
    return x * x


def total(xs):
    return sum(int(x) for x in xs)


def save(value):
    with open("result.json", "w") as f:
        json.dump(value, f)


# --- bytes

def _noted(what, began):
    with open("seconds.log", "a") as f:
        f.write(json.dumps([what, time.perf_counter() - began]) + "\\n")


def make_array(mb):
    import numpy as np

    began = time.perf_counter()
    found = np.arange(int(mb * 125_000), dtype="float64") % 1000.0
    _noted("make", began)
    return found


def quarter_sum(a, q):
    k = len(a) // 4
    return float(a[q * k:(q + 1) * k].sum())


def make_frame(mb):
    import numpy as np
    import pandas as pd

    began = time.perf_counter()
    n = int(mb * 125_000) // 4
    found = pd.DataFrame({c: np.arange(n, dtype="float64") % 1000.0 + i for i, c in enumerate("abcd")})
    _noted("make", began)
    return found


def column_sum(frame, q):
    return float(frame["abcd"[q]].sum())


def total_float(xs):
    return float(sum(xs))


# --- time

def burn(tag, seconds):
    """Use that much of this thread's CPU time."""
    end = time.thread_time() + seconds
    x = 0
    while time.thread_time() < end:
        for _ in range(2000):
            x += 1
    return tag


def burn_item(i, seconds):
    return burn(1, seconds)


def burn_link(prev, k, seconds):
    return burn(prev, seconds)


def total_all(parts, last):
    return sum(parts) + last


def nap(name, seconds, salt, **needs):
    began = time.time()
    time.sleep(seconds)
    with open("spans.log", "a") as f:
        f.write(json.dumps([name, began, time.time()]) + "\\n")
    return name


# --- files

def sizes(paths):
    return len(paths)
'''


def write(folder: Path, steps: Mapping[str, Any], **more: Any) -> Path:
    """A project: JSON is YAML too, and quick to write for 10,000 steps."""
    (folder / "workfn.py").write_text(WORK)
    pipeline = {"name": "bench", "executor": {"workers": 2}, **more, "steps": steps}
    (folder / "pipeline.yaml").write_text(as_yaml(pipeline))
    return folder


def as_yaml(pipeline: Mapping[str, Any]) -> str:
    """A step a line, as people write it."""
    lines = [f"{key}: {json.dumps(value)}" for key, value in pipeline.items() if key != "steps"]
    steps = [f"  {name}: {json.dumps(step)}" for name, step in pipeline["steps"].items()]
    return "\n".join([*lines, "steps:", *steps]) + "\n"


def saved(last: str) -> dict[str, Any]:
    return {"call": "workfn:save", "inputs": {"value": last}}


def chain(folder: Path, n: int) -> Path:
    """first, then ``n`` times add_one: gives ``n``."""
    steps: dict[str, Any] = {"first": {"call": "workfn:first"}}
    last = "first"
    for i in range(n):
        steps[f"s{i}"] = {"call": "workfn:add_one", "inputs": {"x": last}}
        last = f"s{i}"
    return write(folder, {**steps, "save": saved(last)})


def fanout(folder: Path, n: int) -> Path:
    """The sum of the squares of 0 to n-1."""
    steps = {
        "items": {"call": "workfn:make_items", "inputs": {"n": "params.n"}},
        "squares": {"call": "workfn:square", "foreach": "items", "inputs": {"x": "item"}},
        "total": {"call": "workfn:total", "inputs": {"xs": "squares"}},
        "save": saved("total"),
    }
    return write(folder, steps, params={"n": n})


def squares(n: int) -> int:
    return sum(i * i for i in range(n))


def array(folder: Path, mb: float) -> Path:
    steps = {
        "array": {"call": "workfn:make_array", "with": {"mb": mb}},
        "quarters": {
            "call": "workfn:quarter_sum", "foreach": [0, 1, 2, 3], "inputs": {"a": "array", "q": "item"},
        },
        "total": {"call": "workfn:total_float", "inputs": {"xs": "quarters"}},
        "save": saved("total"),
    }  # fmt: skip
    return write(folder, steps)


def frame(folder: Path, mb: float) -> Path:
    steps = {
        "frame": {"call": "workfn:make_frame", "with": {"mb": mb}},
        "columns": {
            "call": "workfn:column_sum", "foreach": [0, 1, 2, 3], "inputs": {"frame": "frame", "q": "item"},
        },
        "total": {"call": "workfn:total_float", "inputs": {"xs": "columns"}},
        "save": saved("total"),
    }  # fmt: skip
    return write(folder, steps)


def burns(folder: Path, n: int, links: int, seconds: float) -> Path:
    """``n`` burns and a chain of ``links``: gives n + 1."""
    own = {"with": {"seconds": seconds}}
    steps: dict[str, Any] = {
        "burns": {"call": "workfn:burn_item", "foreach": list(range(n)), "inputs": {"i": "item"}, **own},
        "c0": {"call": "workfn:burn_link", "with": {"prev": 1, "k": 0, "seconds": seconds}},
    }
    for k in range(1, links):
        steps[f"c{k}"] = {
            "call": "workfn:burn_link", "inputs": {"prev": f"c{k - 1}"}, "with": {"k": k, "seconds": seconds},
        }  # fmt: skip
    steps["all"] = {"call": "workfn:total_all", "inputs": {"parts": "burns", "last": f"c{links - 1}"}}
    return write(folder, {**steps, "save": saved("all")})


class Dag:
    """A random graph of naps: each needs up to three before it."""

    def __init__(self, seed: int, n: int, longest: float) -> None:
        draw = random.Random(seed)
        self.names = [f"t{i}" for i in range(n)]
        self.seconds = {t: round(longest * draw.random() ** 2 + 0.02, 3) for t in self.names}
        self.needs: dict[str, list[str]] = {}
        for i, t in enumerate(self.names):
            near = self.names[max(0, i - 12) : i]
            self.needs[t] = sorted(draw.sample(near, min(len(near), draw.choice([0, 1, 1, 2, 3]))))

    def project(self, folder: Path, workers: int) -> Path:
        steps = {
            t: {
                "call": "workfn:nap",
                "inputs": {"salt": "params.salt", **{n: n for n in self.needs[t]}},
                "with": {"name": t, "seconds": self.seconds[t]},
            }
            for t in self.names
        }
        return write(folder, steps, params={"salt": 0}, executor={"workers": workers})


def tracked(folder: Path, n: int) -> Path:
    data = folder / "data"
    data.mkdir()
    for i in range(n):
        (data / f"{i:06d}.txt").write_text(str(i))
    steps = {"sizes": {"call": "workfn:sizes", "files": {"paths": "data/*.txt"}}, "save": saved("sizes")}
    return write(folder, steps)


def result(folder: Path) -> Any:
    """The answer that the last step left, taken away so that the next run must leave it again."""
    file = folder / "result.json"
    value = json.loads(file.read_text())
    file.unlink()
    return value


def expect(folder: Path, wanted: Any) -> None:
    found = result(folder)
    if found != wanted:
        raise SystemExit(f"a wrong answer in {folder}: {found!r}, not {wanted!r}")


def lines(file: Path) -> Sequence[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]

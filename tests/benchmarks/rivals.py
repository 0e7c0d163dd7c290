"""The same work as other tools do it, written as their users would."""

from __future__ import annotations

from pathlib import Path

from projects import WORK

DODO = '''\
"""Tasks from generators, files as dependencies and targets; the code is a dependency by hand."""
import json
import os

import workfn

SHAPE, N = {shape!r}, {n}
CODE = ["workfn.py"]
DOIT_CONFIG = {{"default_tasks": ["result"]}}
os.makedirs("out", exist_ok=True)


def call(function, targets, *paths):
    values = [json.load(open(p)) for p in paths]
    with open(targets[0], "w") as f:
        json.dump(function(*values), f)


def call_item(targets, index):
    with open("out/items.json") as f:
        x = json.load(f)[index]
    with open(targets[0], "w") as f:
        json.dump(workfn.square(x), f)


def make_items(targets):
    with open(targets[0], "w") as f:
        json.dump(workfn.make_items(N), f)


def total(targets, paths):
    with open(targets[0], "w") as f:
        json.dump(workfn.total(json.load(open(p)) for p in paths), f)


if SHAPE == "chain":
    LAST = f"out/{{N}}.json"

    def task_step():
        yield {{"name": "0", "actions": [begin], "file_dep": CODE, "targets": ["out/0.json"]}}
        for i in range(1, N + 1):
            before = f"out/{{i - 1}}.json"
            yield {{
                "name": str(i),
                "actions": [(link, [], {{"before": before}})],
                "file_dep": [before, *CODE],
                "targets": [f"out/{{i}}.json"],
            }}

    def begin(targets):
        call(workfn.first, targets)

    def link(targets, before):
        call(workfn.add_one, targets, before)
else:
    LAST = "out/total.json"
    PARTS = [f"out/{{i}}.json" for i in range(N)]

    def task_items():
        return {{"actions": [make_items], "file_dep": CODE, "targets": ["out/items.json"]}}

    def task_square():
        for i in range(N):
            yield {{
                "name": str(i),
                "actions": [(call_item, [], {{"index": i}})],
                "file_dep": ["out/items.json", *CODE],
                "targets": [f"out/{{i}}.json"],
            }}

    def task_total():
        return {{"actions": [(total, [], {{"paths": PARTS}})], "file_dep": PARTS + CODE, "targets": [LAST]}}


def result(dependencies):
    with open(LAST) as f:
        workfn.save(json.load(f))


def task_result():
    return {{"actions": [result], "file_dep": [LAST], "targets": ["result.json"]}}
'''

JOBLIB = """\
from joblib import Memory, Parallel, delayed

import workfn

memory = Memory("cache", verbose=0)
make_items, square, total = map(memory.cache, (workfn.make_items, workfn.square, workfn.total))

if __name__ == "__main__":
    workfn.save(total(Parallel(n_jobs=2)(delayed(square)(x) for x in make_items({n}))))
"""

PIPEFUNC = """\
from concurrent.futures import ProcessPoolExecutor

import workfn
from pipefunc import PipeFunc, Pipeline
from pipefunc.map import load_outputs

if __name__ == "__main__":
    pipeline = Pipeline([
        PipeFunc(workfn.make_items, "x", internal_shape=({n},)),
        PipeFunc(workfn.square, "y", mapspec="x[i] -> y[i]"),
        PipeFunc(workfn.total, "s", renames={{"xs": "y"}}),
    ])
    with ProcessPoolExecutor(2) as pool:
        pipeline.map({{"n": {n}}}, executor=pool, run_folder="run", resume=True)
    found = load_outputs("s", run_folder="run")
    workfn.save(found.item() if hasattr(found, "item") else found)
"""

# np.save, then four sums over the same file mapped into memory; prints the seconds of both
BY_HAND = """\
import sys, time
import numpy as np
a = np.arange(int({mb} * 125_000), dtype="float64") % 1000.0
began = time.perf_counter()
np.save("a.npy", a)
del a
found = 0.0
for q in range(4):
    m = np.load("a.npy", mmap_mode="r")
    k = len(m) // 4
    found += float(m[q * k:(q + 1) * k].sum())
print(time.perf_counter() - began)
"""


def doit(folder: Path, shape: str, n: int) -> Path:
    (folder / "workfn.py").write_text(WORK)
    (folder / "dodo.py").write_text(DODO.format(shape=shape, n=n))
    return folder


def script(folder: Path, text: str, **values: object) -> Path:
    (folder / "workfn.py").write_text(WORK)
    (folder / "flow.py").write_text(text.format(**values))
    return folder

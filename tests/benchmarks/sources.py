"""Tracked files and the code of a project, looked at again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from statistics import median

import projects
from measure import Lab, Row

# Unchanged files: the tracker of a pipeline against os.stat over the same files, in one process.
FILES = """\
import json, os, sys, time
from pipeline_runner import Pipeline
folder, rounds = sys.argv[1], int(sys.argv[2])
os.chdir(folder)
names = sorted(os.path.join(folder, "data", n) for n in os.listdir("data"))
def session():
    return Pipeline.load("pipeline.yaml")._session(False)
first = session()
first.files.track("data/*.txt"); first.save_indexes()
found = []
for _ in range(rounds):
    a = time.perf_counter()
    for n in names:
        os.stat(n)
    b = time.perf_counter()
    s = session()
    c = time.perf_counter()
    got = s.files.track("data/*.txt")
    d = time.perf_counter()
    assert len(got.paths) == len(names)
    found.append([b - a, d - c])
print(json.dumps(found))
"""

# A project's code: its index against reading (cold) or looking at (warm) the same modules.
CODE = """\
import ast, json, os, shutil, sys, time
from pipeline_runner import Pipeline
folder, rounds = sys.argv[1], int(sys.argv[2])
os.chdir(folder)
reached = [os.path.join(folder, "pkg", f"m{i}.py") for i in range(int(sys.argv[3]))]
every = [os.path.join(folder, "pkg", n) for n in os.listdir("pkg")]
found = []
pipeline = Pipeline.load("pipeline.yaml")
def fingerprint(keep):
    s = pipeline._session(False)
    a = time.perf_counter()
    s.code.fingerprint("pkg.m0:work")
    b = time.perf_counter()
    if keep:
        s.save_indexes()
    return b - a
for _ in range(rounds):
    shutil.rmtree(".prun", ignore_errors=True)
    a = time.perf_counter()
    for n in reached:
        with open(n, "rb") as f:
            ast.parse(f.read())
    b = time.perf_counter()
    cold = fingerprint(True)
    c = time.perf_counter()
    for n in reached:
        os.stat(n)
    d = time.perf_counter()
    found.append([b - a, cold, d - c, fingerprint(False)])
print(json.dumps(found))
"""


def files(lab: Lab) -> Iterator[Row]:
    n = lab.size(10_000)
    folder = projects.tracked(lab.folder("files"), n)
    _let_settle(lab)
    found = json.loads(lab.says([lab.python, "-c", FILES, str(folder), str(2 * lab.rounds + 1)], folder))
    floor, ours = median(f for f, _ in found), median(o for _, o in found)
    ratio = median(o / f for f, o in found)
    yield Row(
        f"{n:,} tracked files", "<= 3 x os.stat over them", "os.stat", floor, ours, "s", ratio, None, 3.0
    )


def code(lab: Lab) -> Iterator[Row]:
    """500 modules of which a callable reaches 200."""
    modules, reached = lab.size(500, 10), lab.size(200, 4)
    folder = projects.write(
        lab.folder("code"),
        {"only": {"call": "pkg.m0:work", "with": {"x": 1}}, "save": projects.saved("only")},
    )
    package = folder / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    filler = "\n\n".join(
        f"def other{i}(a, b=1):\n    return [a + b + c for c in range({i})]" for i in range(15)
    )
    for i in range(modules):
        following = (
            f"from pkg.m{i + 1} import work as deeper\n\n\n" if i + 1 < reached else "deeper = abs\n\n\n"
        )
        text = f"def work(x):\n    return deeper(x) + {i}\n\n\n{filler}\n"
        (package / f"m{i}.py").write_text(following + text)
    _let_settle(lab)
    command = [lab.python, "-c", CODE, str(folder), str(lab.rounds), str(reached)]
    found = json.loads(lab.says(command, folder))
    for name, f, o, floor in (("cold", 0, 1, "ast.parse of them"), ("warm", 2, 3, "os.stat of them")):
        yield Row(
            f"code of {modules}, {reached} reached, {name}", "-", floor, median(r[f] for r in found),
            median(r[o] for r in found), "s", median(r[o] / r[f] for r in found), None, None,
        )  # fmt: skip


def _let_settle(lab: Lab) -> None:
    """Files written less than two seconds ago are read again, whatever their time stamps say."""
    if lab.scale == 1 or os.environ.get("PRUN_BENCH_SETTLE"):
        time.sleep(2.2)

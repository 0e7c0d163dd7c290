"""Types that cannot be stored, or that are others each time they are: said by `check` and `cache verify`."""

from __future__ import annotations

import pytest
from harness import Project, Result, ran

RESTLESS = """\
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from calls import called
from more import Elsewhere

open("imported.txt", "w").close()

class Restless:
    def __init__(self): self.count = 0
    def __getstate__(self): return {"count": self.count}
    def __setstate__(self, state): self.count = state["count"] + 1

class Addressed:
    def __init__(self):
        self.part = [1]
        self.place = id(self.part)

class Still:
    def __init__(self): self.words = {"a", "b", "c"}

class Locked:
    def __init__(self): self.lock = threading.Lock()

@dataclass
class Field:
    lock: threading.Lock

class Left:
    def __init__(self): self.lock = threading.Lock()
    def __getstate__(self): return {}

class ByHash:
    def __init__(self, name): self.name = name
    def __getstate__(self): return {"name": hash(self.name)}

def restless(): return Restless()
def addressed(): return {"one": [Addressed()], "two": 2}
def still() -> Still: return Still()
def text(): return repr(object())
def both(): return {"a": Still(), "b": Restless()}

def locked() -> Locked: return Locked()
def field() -> list[Field]: return [Field(threading.Lock())]
def left() -> "Left | None": return Left()
def by_hash() -> ByHash: return ByHash("x")
def elsewhere() -> Elsewhere: return Elsewhere()
def yields():
    yield 1
def yields_within():
    def inner():
        yield 1
    return list(inner())
def iterator() -> Iterator[int]: return iter([1])
async def later(): return 1
async def waits(value): return False
def each(value):
    yield False
"""
MORE = """\
class Elsewhere:
    def __init__(self): self.key = lambda row: row[0]
"""


@pytest.fixture
def work(project: Project) -> Project:
    return project.file("work.py", RESTLESS).file("more.py", MORE)


def warnings(result: Result) -> dict[str, str]:
    """Step -> the warning about it, by the line of the pipeline file that it stands on."""
    return {p["line"] - 2: p["message"] for p in result.json["problems"] if p["severity"] == "warning"}


def checked(project: Project, *steps: str) -> dict[str, str]:
    found = warnings(project.prun("check", "--json"))
    return {steps[line]: message for line, message in found.items()}


def pipeline(project: Project, *steps: str) -> Project:
    lines = [f"  {s}: {{call: work:{s}{', outputs: [a, b]' if s == 'both' else ''}}}" for s in steps]
    return project.file("pipeline.yaml", "\n".join(["steps:", *lines, ""]))


def test_the_source_tells_what_cannot_be_stored(work: Project) -> None:
    steps = (
        "locked",
        "field",
        "left",
        "by_hash",
        "elsewhere",
        "yields",
        "yields_within",
        "iterator",
        "later",
        "still",
    )
    result = pipeline(work, *steps).check("--json", exit=2)
    assert {steps[line]: message for line, message in warnings(result).items()} == {
        "locked": "work:locked returns Locked, whose 'lock' is a lock, which cannot be stored",
        "field": "work:field returns Field, whose 'lock' is a threading.Lock, which cannot be stored",
        "by_hash": "work:by_hash returns ByHash, whose __getstate__ writes hash(...) down, "
        "another in each process",
        "elsewhere": "work:elsewhere returns Elsewhere, whose 'key' is a lambda, which cannot be stored",
        "iterator": "work:iterator returns Iterator[int]: Iterator cannot be stored",
    }
    assert [p["message"] for p in result.json["problems"] if p["severity"] == "error"] == [
        "work:yields has a yield: the step would return a generator",
        "work:later is async: the step would return a coroutine",
    ]
    assert not work.has("imported.txt"), "nothing of the user's was executed"


@pytest.mark.parametrize(
    ("check", "why"), [("waits", "is async: the check would"), ("each", "has a yield: the check would")]
)
def test_a_check_that_has_judged_nothing_yet(work: Project, check: str, why: str) -> None:
    work.file("pipeline.yaml", f"steps:\n  still: {{call: work:still, check: work:{check}}}\n")
    (problem,) = work.check("--json", exit=2).json["problems"]
    assert problem["message"].startswith(f"work:{check} {why}")
    assert problem["column"] > 26
    error = work.run(exit=1).tasks["still"]["error"]
    assert error.startswith(f"check work:{check}: returned a ")


def test_a_check_of_a_package_is_not_the_project_s_function_of_the_same_name(project: Project) -> None:
    text = "def mean(x): yield x\ndef half(): return [next(mean(0.5))]\n"
    project.file("work.py", text)
    project.pipeline({"steps": {"half": {"call": "work:half", "check": "statistics:mean"}}})
    project.check()
    project.run()


def test_an_earlier_run_tells_what_does_not_pickle_stably(work: Project) -> None:
    steps = ("restless", "addressed", "still", "text", "both")
    assert checked(pipeline(work, *steps), *steps) == {}
    work.run()
    found = checked(work, *steps)
    assert set(found) == {"restless", "addressed", "text", "both"}
    assert "what it returns (Restless) does not pickle stably: stored and loaded again" in found["restless"]
    assert "work.Addressed.place is the address of an object" in found["addressed"]
    assert "holds the address of an object" in found["text"]
    assert "output 'b' (Restless)" in found["both"]
    text = work.prun("check").err
    assert "hint: let __setstate__" in text


def test_what_was_mended_is_no_longer_said(work: Project) -> None:
    pipeline(work, "restless").run()
    assert checked(work, "restless")
    work.edit("work.py", 'state["count"] + 1', 'state["count"]')
    assert checked(work, "restless") == {}
    assert ran(work.run()) == {"restless"}
    assert checked(work, "restless") == {}


def test_verify_names_them_too(work: Project) -> None:
    pipeline(work, "restless", "addressed", "still", "text", "both").run()
    found = work.prun("cache", "verify", "--json").json
    assert found["ok"] is True
    assert {(f["kind"], f["what"]): f["tasks"] for f in found["findings"]} == {
        ("unstable-type", "Restless"): ["restless", "both.b"],
        ("unstable-type", "dict"): ["addressed"],
        ("unstable-type", "str"): ["text"],
    }


def test_what_files_give_is_compared_with_annotations(project: Project) -> None:
    project.file("work.py", """
        def one(path: str): return path
        def many(paths: list[str]): return paths
        """).file("data/a.txt", "a")  # fmt: skip
    project.file("pipeline.yaml", """
        steps:
          right: {call: work:one, files: {path: data/a.txt}}
          good: {call: work:many, files: {paths: data}}
          one: {call: work:one, files: {path: "data/*"}}
          many: {call: work:many, files: {paths: data/a.txt}}
        """)  # fmt: skip
    found = project.prun("check", "--json", exit=2).json["problems"]
    assert [p["message"] for p in found] == [
        "work:one takes 'path' as str, not list",
        "work:many takes 'paths' as list[str], not str",
    ]
    assert "gives a list" in found[0]["hint"]

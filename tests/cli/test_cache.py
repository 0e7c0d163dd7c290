"""The store under damage, concurrency and other processes; canonical content."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from harness import Project, ran, reused, statuses

TASKS = """\
import random

from calls import called

def make(seed):
    # big and not compressible: a blob of its own
    called(f"make {seed}")
    return random.Random(seed).randbytes(300_000)

def use(data, k):
    called(f"use {k}")
    return [len(data), sum(data), k]

def total(sizes):
    called("total")
    return sizes
"""

PIPELINE = """
params: {k: 1}
steps:
  make: {call: tasks:make, foreach: [1, 2], inputs: {seed: item}}
  use: {call: tasks:use, foreach: make, inputs: {data: item, k: params.k}}
  total: {call: tasks:total, inputs: {sizes: use}, publish: out.json}
"""


def expected(k: int = 1) -> list[list[int]]:
    blobs = [random.Random(seed).randbytes(300_000) for seed in (1, 2)]
    return [[len(blob), sum(blob), k] for blob in blobs]


@pytest.fixture
def done(project: Project) -> Project:
    project.file("tasks.py", TASKS).pipeline(PIPELINE).run()
    assert project.data("out.json") == expected()
    project.calls()
    return project


def damage(path: Path, how: str) -> None:
    path.chmod(0o644)
    data = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "a bit turned" and data:  # a file of locks is empty
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    elif how == "other content":
        path.write_bytes(b"x" * len(data))


PUBLISHED_TASKS = """\
from pathlib import Path

def text(): return "line\\n" * 9000
def tree():
    made = Path("made")
    made.mkdir(exist_ok=True)
    (made / "data.txt").write_text("x" * 70_000)
    return made
def frame():
    import pandas
    return pandas.DataFrame({"a": range(9000)})
def length(x): return len(str(x))
"""

PUBLISHED = """
steps:
  text: {call: tasks:text, publish: out/a.txt}
  tree: {call: tasks:tree, publish: out/tree}
  frame: {call: tasks:frame, publish: out/frame.csv}
  length: {call: tasks:length, inputs: {x: text}}
  path: {call: tasks:length, inputs: {x: tree}}
  shape: {call: tasks:length, inputs: {x: frame}}
"""

DAMAGES = ["deleted", "cut", "emptied", "a bit turned", "other content"]


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_lost_or_damaged_blob_is_made_again(done: Project, how: str, backend: str) -> None:
    """Two blobs of 300 kB are by far the biggest files. Neither producer nor reader loses an attempt."""
    damage(done.stored_files()[0], how)
    result = done.run("--backend", backend, "-p", "k=2")
    assert done.data("out.json") == expected(2)
    calls = sorted(done.calls())
    assert len([call for call in calls if call.startswith("make")]) == 1
    assert calls.count("use 2") == 2
    assert {"use[1]", "use[2]", "total"} <= ran(result)
    assert result.tasks["use[1]"]["attempts"] == 1
    assert result.tasks["use[2]"]["attempts"] == 1
    assert result.json["status"] == "succeeded"
    assert reused(done.run("-p", "k=2")) == set(statuses(result))


def test_a_lost_blob_that_nobody_reads_costs_nothing(done: Project) -> None:
    damage(done.stored_files()[0], "deleted")
    assert len(reused(done.run())) == 5
    assert done.calls() == []


@pytest.mark.parametrize("how", ["deleted", "a bit turned"])
def test_paranoid_looks_at_all(done: Project, how: str) -> None:
    damage(done.stored_files()[0], how)
    done.run("--paranoid")
    assert len([call for call in done.calls() if call.startswith("make")]) == 1
    done.run("--paranoid")
    assert done.calls() == []


@pytest.mark.parametrize("how", DAMAGES)
def test_whatever_is_damaged_no_wrong_result_comes(done: Project, how: str) -> None:
    """Every file of the store at once."""
    for path in done.stored_files():
        damage(path, how)
    done.remove("out.json")
    result = done.run()
    assert result.json["status"] == "succeeded"
    assert done.data("out.json") == expected()
    assert "Traceback" not in done.prun("runs", exit=None).text
    assert len(reused(done.run())) == 5


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_what_was_published_comes_back_though_its_bytes_are_lost(
    project: Project, how: str, backend: str
) -> None:
    """Text, a folder, and what a worker has to write; read by other steps, so that no look is taken."""
    project.file("tasks.py", PUBLISHED_TASKS).pipeline(PUBLISHED).run("--backend", backend)
    assert project.text("out/a.txt") == "line\n" * 9000
    for path in project.stored_files():
        if {"blobs", "files", "trees"} & {*path.parts}:
            damage(path, how)
    project.remove("out")
    result = project.run("--backend", backend)
    assert {"text", "tree", "frame"} == ran(result)
    assert project.text("out/a.txt") == "line\n" * 9000
    assert project.text("out/tree/data.txt") == "x" * 70_000
    assert project.text("out/frame.csv").startswith("a\n0\n1\n")
    assert len(reused(project.run("--backend", backend, "--paranoid"))) == 6


@pytest.mark.parametrize("seed", range(4))
def test_some_damaged_files(done: Project, seed: int) -> None:
    chance = random.Random(seed)
    for path in sorted(done.stored_files()):
        if chance.random() < 0.3:
            damage(path, chance.choice(DAMAGES))
    done.remove("out.json")
    done.run("-p", "k=3")
    assert done.data("out.json") == expected(3)
    done.run()
    assert done.data("out.json") == expected(1)


def test_a_store_deleted_runs_all_again(done: Project) -> None:
    shutil.rmtree(done.folder / ".prun")
    assert len(ran(done.run())) == 5


def test_leftovers_of_a_stop_are_never_read(done: Project) -> None:
    """Files that a killed run left half-written beside the real ones."""
    for path in done.stored_files():
        (path.parent / (path.name + ".tmp")).write_bytes(b"half")
        (path.parent / ("." + path.name + ".partial")).write_bytes(b"")
    assert len(reused(done.run())) == 5


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_two_runs_at_once(project: Project, backend: str) -> None:
    project.file("tasks.py", TASKS).pipeline(PIPELINE)
    args = ("run", "--backend", backend, "--json")
    processes = [project.start(*args) for _ in range(3)]
    results = [project.finish(process, *args) for process in processes]
    assert [result.exit for result in results] == [0, 0, 0], results
    assert len({result.json["run_id"] for result in results}) == 3
    assert project.data("out.json") == expected()
    assert len(reused(project.run())) == 5
    listed = project.prun("runs").out
    assert all(result.json["run_id"] in listed for result in results)


def test_failures_are_never_cached(project: Project) -> None:
    project.file(
        "tasks.py",
        "from pathlib import Path\n\ndef f():\n    if not Path('ready').exists():\n"
        "        raise OSError('not yet')\n    return 1\n",
    ).pipeline("steps:\n  f: {call: tasks:f}\n").run(exit=1)
    project.file("ready")
    assert ran(project.run()) == {"f"}


# --- canonical content


CANONICAL = """\
import dataclasses, datetime, decimal, enum, pathlib

from calls import called

NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
REACHED = {"one", "two", "three", "four"}
FROZEN = frozenset(NAMES)

class Colour(enum.Enum):
    RED = 1

@dataclasses.dataclass
class Record:
    names: set
    when: datetime.date

class Plain:
    def __init__(self):
        self.names = set(NAMES)
        self.nested = {"k": frozenset(NAMES)}

def a_set(): return set(NAMES)
def a_frozenset(): return frozenset(NAMES)
def nested(): return {"k": [set(NAMES), {"z": frozenset(NAMES)}]}
def keys_in_another_order(): return {name: 1 for name in set(NAMES)}
def a_record(): return Record(set(NAMES), datetime.date(2024, 1, 31))
def an_object(): return Plain()
def with_constants(): return sorted(REACHED | FROZEN)
def shared():
    one = "".join(["a", "b"])
    return [one, one]
def others(): return [decimal.Decimal("1.1"), Colour.RED, datetime.timedelta(1), {1, 2, "x", None}]
def look(value): return 1
"""

MAKERS = [
    "a_set", "a_frozenset", "nested", "keys_in_another_order", "a_record", "an_object", "with_constants",
    "shared", "others",
]  # fmt: skip


@pytest.fixture(scope="module")
def under_seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """A run under one seed, then under another: as it is, and with all makers forced."""
    project = Project(tmp_path_factory.mktemp("seeds") / "project").file("tasks.py", CANONICAL)
    steps: dict[str, object] = {}
    for name in MAKERS:
        steps[name] = {"call": f"tasks:{name}"}
        steps[f"look_{name}"] = {"call": "tasks:look", "inputs": {"value": name}, "cache": {"version": name}}
    project.pipeline({"steps": steps}).run(env={"PYTHONHASHSEED": "1"})
    same = statuses(project.run(env={"PYTHONHASHSEED": "2"}))
    force = [part for name in MAKERS for part in ("--force", name)]
    return same, statuses(project.run(*force, env={"PYTHONHASHSEED": "3"}))


@pytest.mark.parametrize("name", MAKERS)
def test_keys_do_not_depend_on_the_hash_seed(
    under_seeds: tuple[dict[str, str], dict[str, str]], name: str
) -> None:
    same, forced = under_seeds
    assert same[name] == "reused"
    assert same[f"look_{name}"] == "reused"
    assert forced[name] == "succeeded"
    assert forced[f"look_{name}"] == "reused", "equal content, equal digest"


def test_equal_arrays_and_frames_have_equal_digests(project: Project) -> None:
    pytest.importorskip("numpy")
    pytest.importorskip("pandas")
    project.file(
        "tasks.py",
        """
        import numpy, pandas

        def array(): return numpy.arange(1000)[::2]
        def frame():
            data = pandas.DataFrame({"a": range(100), "b": ["x"] * 100})
            return data[data.a >= 0]
        def scalar(): return numpy.float64(0.5)
        def look_array(x): return int(x.sum())
        def look_frame(x): return int(x.a.sum())
        def look_scalar(x): return x * 2
        """,
    ).pipeline(
        {
            "steps": {
                kind + name: {"call": f"tasks:{kind}{name}", **({"inputs": {"x": name}} if kind else {})}
                for name in ("array", "frame", "scalar")
                for kind in ("", "look_")
            }
        }
    ).run()
    project.edit("tasks.py", "numpy.arange(1000)[::2]", "numpy.arange(0, 1000, 2).copy()")
    project.edit("tasks.py", "return data[data.a >= 0]", "return data.copy()")
    project.edit("tasks.py", "numpy.float64(0.5)", "float(numpy.float64(0.5))")
    result = project.run()
    assert ran(result) == {"array", "frame", "scalar"}
    assert reused(result) == {"look_array", "look_frame", "look_scalar"}


def test_what_cannot_be_stored_is_an_error_that_names_it(project: Project) -> None:
    project.file("tasks.py", "import threading\n\ndef f(): return {'k': [1, threading.Lock()]}\n").pipeline(
        "steps:\n  f: {call: tasks:f}\n"
    )
    result = project.run(exit=1)
    assert "lock" in result.err.lower()
    assert statuses(result) == {"f": "failed"}


def test_a_reader_of_what_nothing_can_hash_is_no_silent_hit(project: Project) -> None:
    """A generator cannot be kept: the step fails and says so."""
    project.file("tasks.py", "def f(): return (x for x in range(3))\n").pipeline(
        "steps:\n  f: {call: tasks:f}\n"
    )
    assert "generator" in project.run(exit=1).err

"""Fan-outs so large that what their last run left is kept: whatever changes, what runs is what is new."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from harness import Project, having, ran

TASKS = """\
import json

def read(path):
    with open(path) as f:
        return json.load(f)

def double(x, by):
    return [x, by]

def again(x):
    return x + ["again"]

def gather(values):
    return values
"""

STEPS = {
    "items": {"call": "tasks:read", "files": {"path": "items.json"}},
    "double": {"call": "tasks:double", "foreach": "items", "inputs": {"x": "item", "by": "params.by"}},
    "again": {"call": "tasks:again", "foreach": "double", "inputs": {"x": "item"}},
    "all": {"call": "tasks:gather", "inputs": {"values": "again"}, "publish": "all.json"},
}
N = 1100
OLD = list(range(N))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after its first run."""
    project = Project(tmp_path_factory.mktemp("large"))
    project.file("tasks.py", TASKS).pipeline({"params": {"by": 2}, "steps": STEPS})
    expect(project, OLD, set(OLD))
    return project.folder


@pytest.fixture
def large(first: Path, project: Project) -> Project:
    import shutil

    shutil.copytree(first, project.folder, dirs_exist_ok=True)
    return project


def expect(project: Project, items: Sequence[object], new: set[object], *args: str, by: int = 2) -> None:
    """Run over these items: the plan and the run agree on what is new, and the result is theirs."""
    project.file("items.json", json.dumps(items))
    result = project.run(*args)
    names = {f"double[{n}]": n for n in items}
    assert {names[task] for task in ran(result) if task in names} == new
    assert project.data("all.json") == [[n, by, "again"] for n in items]
    plan = {row["action"] for row in project.plan().json["tasks"]}
    assert plan == {"reuse"}
    assert len(having(project.run(*args), "reused")) == 2 * len(items) + 2


def shuffled() -> list[int]:
    items = OLD.copy()
    random.Random(1).shuffle(items)
    return items


CHANGES: dict[str, tuple[list[object], set[object]]] = {
    "one at the end": ([*OLD, N], {N}),
    "one at the start": ([-1, *OLD], {-1}),
    "one in the middle": ([*OLD[:500], N, *OLD[500:]], {N}),
    "one less": (OLD[1:], set()),
    "one other": ([*OLD[:500], N, *OLD[501:]], {N}),
    "many others": ([n + N * (n % 3 == 0) for n in OLD], {n + N for n in OLD if n % 3 == 0}),
    "in another order": ([*shuffled()], set()),
    "texts": ([f"t{n}" for n in OLD], {f"t{n}" for n in OLD}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_new_runs(large: Project, change: str) -> None:
    items, new = CHANGES[change]
    expect(large, items, new)
    expect(large, [*items, 5000], {5000})
    expect(large, OLD, set())


def test_another_argument_runs_all(large: Project) -> None:
    large.edit("pipeline.yaml", '"by": 2', '"by": 3')
    expect(large, OLD, set(OLD), by=3)
    large.edit("pipeline.yaml", '"by": 3', '"by": 2')
    expect(large, OLD, set())


def entries(project: Project, *suffixes: str) -> list[Path]:
    folder = project.folder / ".prun" / "entries"
    return sorted(f for f in folder.rglob("*") if f.suffix in suffixes)


def remove(file: Path) -> None:
    file.unlink()


def change_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize("harm", [remove, change_a_byte, cut])
def test_what_is_lost_of_the_entries_is_computed_again(large: Project, harm: Callable[[Path], None]) -> None:
    large.file("items.json", json.dumps([*OLD, N]))
    for file in entries(large, ".pack"):
        harm(file)
    lost = {t for t in ran(large.run()) if t.startswith("double")}
    assert "double[1100]" in lost
    assert len(lost) > 1
    assert large.data("all.json") == [[n, 2, "again"] for n in [*OLD, N]]
    expect(large, OLD, set())


def test_entries_in_files_of_their_own_are_missed_too(large: Project) -> None:
    expect(large, [*OLD, N], {N})
    for file in entries(large, ".json"):
        file.unlink()
    large.file("items.json", json.dumps([*OLD, N, N + 1]))
    assert {f"double[{N}]", f"double[{N + 1}]"} <= ran(large.run())
    expect(large, OLD, set())


@pytest.mark.parametrize("harm", [remove, change_a_byte, cut])
def test_without_what_is_kept_the_run_is_the_same(large: Project, harm: Callable[[Path], None]) -> None:
    kept = list((large.folder / ".prun" / "index" / "fanouts").iterdir())
    assert len(kept) == 2
    for file in kept:
        harm(file)
    expect(large, [*OLD, N], {N})


def test_paranoia_trusts_nothing_that_is_kept(large: Project) -> None:
    for file in (large.folder / ".prun" / "index" / "fanouts").iterdir():
        file.chmod(0)
    expect(large, [*OLD, N], {N}, "--paranoid")


def test_a_store_that_was_cleaned(large: Project) -> None:
    expect(large, [*OLD[:600], N], {N})
    large.prun("cache", "gc", "--keep-runs", "1", "--grace", "0s")
    expect(large, [*OLD[:600], N + 1], {N + 1})


@pytest.mark.parametrize("forced", [[150], list(range(100, 300))], ids=["one", "all"])
def test_what_is_forced_reaches_its_readers_in_the_next_run(project: Project, forced: list[int]) -> None:
    """The entries stand in packs, which stay as they are: the new ones lie beside them."""
    project.file(
        "tasks.py", "def one(x): return open('said').read()\ndef kinds(said): return sorted(set(said))\n"
    )
    project.pipeline({"params": {"items": list(range(400))}, "steps": {
        "one": {"call": "tasks:one", "foreach": "params.items", "inputs": {"x": "item"}},
        "kinds": {"call": "tasks:kinds", "inputs": {"said": "one"}, "publish": "kinds.json"},
    }})  # fmt: skip
    project.file("said", "before")
    project.run()
    these = f"items={list(range(100, 300))}"
    project.run("-p", these)  # none of them stands in a file of its own
    project.file("said", "after")
    project.run("-p", f"items={forced}", "-s", "one", "--force", "one")
    assert ran(project.run("-p", these)) == {"kinds"}
    said = ["after"] if len(forced) == 200 else ["after", "before"]
    assert json.loads((project.folder / "kinds.json").read_text()) == said
    assert not ran(project.run("-p", these))

"""What is kept of large fan-outs: used while the packs are as they were, and by nobody who trusts nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner import Pipeline
from pipeline_runner.app import fanouts
from pipeline_runner.app.fanouts import _FORMAT
from pipeline_runner.keys import kept

N = 60
STEPS = {
    "squares": {"call": "kept_tasks:square", "foreach": "params.xs", "inputs": {"x": "item"}},
    "total": {"call": "kept_tasks:total", "inputs": {"xs": "squares"}},
}
TASKS = """
def square(x): return x * x
def total(xs): return sum(xs)
"""
RIGHT = sum(n * n for n in range(N))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (fanouts, "pipeline_runner.engine.prepare", "pipeline_runner.engine.expand"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.MANY", 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept_tasks.py").write_text(TASKS)
    pipeline = {
        "name": "p",
        "params": {"xs": list(range(N))},
        "executor": {"backend": "threading", "workers": 1},
    }
    (tmp_path / "pipeline.yaml").write_text(json.dumps({**pipeline, "steps": STEPS}))
    return tmp_path


def run(folder: Path, xs: list[int], **options: Any) -> tuple[int, Mapping[str, int]]:
    """The total, and what became of the squares."""
    found = Pipeline.load(folder / "pipeline.yaml", params={"xs": xs}).run(**options)
    states = [task.status for task in found.tasks if task.step == "squares"]
    return found.output("total"), {state: states.count(state) for state in set(states)}


def poison(folder: Path) -> None:
    """Make what is kept of 3 squared say 1000: where that comes out, it was used."""
    (path,) = (folder / ".prun" / "index" / "fanouts").iterdir()
    value = list(kept.load(str(path), _FORMAT))
    digests, *rest = value[-1][""]
    inline = list(rest[2])
    inline[3] = "1000"
    digests = list(digests)
    digests[3] = "0" * 48  # or the reader would be reused
    rest[2] = inline
    value[-1] = {"": [digests, *rest]}
    assert kept.save(str(path), _FORMAT, tuple(value))


XS = list(range(N))
MORE = [*XS, 100]


def test_it_is_used_while_the_packs_are_as_they_were(folder: Path) -> None:
    assert run(folder, XS) == (RIGHT, {"succeeded": N})
    poison(folder)
    assert run(folder, MORE) == (RIGHT + 10_000 - 9 + 1000, {"succeeded": 1, "reused": N})


def test_nothing_of_it_is_used_by_who_is_paranoid(folder: Path) -> None:
    run(folder, XS)
    poison(folder)
    assert run(folder, MORE, paranoid=True) == (RIGHT + 10_000, {"succeeded": 1, "reused": N})


@pytest.mark.parametrize("harm", ["touched", "gone", "another"])
def test_its_rows_are_not_used_once_a_pack_is_another(folder: Path, harm: str) -> None:
    run(folder, XS)
    poison(folder)
    pack = max((folder / ".prun" / "entries").rglob("*.pack"), key=lambda file: file.stat().st_size)
    if harm == "touched":
        os.utime(pack, ns=(1, 1))
    elif harm == "gone":
        pack.unlink()
    else:
        data = pack.read_bytes()
        pack.write_bytes(data.replace(b"\n", b"x\n", 1))
    total, states = run(folder, MORE)
    assert total == RIGHT + 10_000
    assert states["succeeded"] == {"touched": 1, "another": 2}.get(harm, states["succeeded"])
    assert states["succeeded"] > 0


def test_its_rows_are_not_used_for_other_code(folder: Path) -> None:
    run(folder, XS)
    poison(folder)
    (folder / "kept_tasks.py").write_text(TASKS.replace("x * x", "x + x"))
    assert run(folder, MORE) == (2 * sum(MORE), {"succeeded": N + 1})


def test_a_store_without_it_gives_the_same(folder: Path) -> None:
    run(folder, XS)
    for file in (folder / ".prun" / "index" / "fanouts").iterdir():
        file.unlink()
    assert run(folder, MORE) == (RIGHT + 10_000, {"succeeded": 1, "reused": N})
    assert run(folder, XS[5:]) == (RIGHT - sum(n * n for n in range(5)), {"reused": N - 5})


def test_it_is_written_anew_only_when_much_has_changed(folder: Path) -> None:
    run(folder, XS)
    (path,) = (folder / ".prun" / "index" / "fanouts").iterdir()
    before = path.stat().st_mtime_ns
    run(folder, MORE)
    assert path.stat().st_mtime_ns == before
    run(folder, [*XS, *range(100, 120)])
    assert path.stat().st_mtime_ns != before
    assert run(folder, MORE) == (RIGHT + 10_000, {"reused": N + 1})

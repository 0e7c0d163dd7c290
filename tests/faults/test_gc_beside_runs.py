"""A gc at the worst moment of a run that reuses what nothing else leads to any more: between finding an
entry and reading its bytes, before it is noted, while it is published. At worst something is computed
again; never is a result wrong or a run failed.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import Project

from pipeline_runner import Pipeline
from pipeline_runner.app.upkeep import Upkeep
from pipeline_runner.store.blobs import Blobs
from pipeline_runner.store.entries import Entries
from pipeline_runner.store.local import LocalFiles
from pipeline_runner.store.store import Store

CODE = """
from pathlib import Path

class Box:
    def __init__(self, data): self.data = data

def load(k): return [f"{k}-{i}" * 9000 for i in range(3)]
def box(text): return Box(text * 2)
def size(box): return len(box.data)
def tree(k):
    made = Path("made")
    made.mkdir(exist_ok=True)
    (made / "a.txt").write_text(f"{k}" * 90_000)
    return made
def report(boxes, sizes, tree, new):
    return f"{sizes} {[len(b.data) for b in boxes]} {len((tree / 'a.txt').read_text())} {new} " + "x" * 20_000
def after(report): return report[:60]
"""
PIPELINE = """
params: {k: 1, new: 0}
steps:
  load: {call: "work:load", inputs: {k: params.k}}
  box: {call: "work:box", foreach: load, inputs: {text: item}}
  size: {call: "work:size", foreach: box, inputs: {box: item}}
  tree: {call: "work:tree", inputs: {k: params.k}, publish: out/tree}
  report:
    call: "work:report"
    inputs: {boxes: box, sizes: size, tree: tree, new: params.new}
    publish: out/report.txt
  after: {call: "work:after", inputs: {report: report}}
"""
POINTS: list[tuple[Any, str]] = [
    (Entries, "lookup"),
    (Entries, "commit"),
    (Blobs, "_open"),
    (Blobs, "_write"),
    (Blobs, "size"),
    (LocalFiles, "write"),
    (Store, "get_recipe"),
]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with results of k=1, ten days old, to which no run leads that gc counts."""
    project = Project(tmp_path_factory.mktemp("old") / "project")
    project.file("work.py", CODE).pipeline(PIPELINE)
    for k in (1, 2):
        run = Pipeline.load(project.folder, params={"k": k}).run(backend="sequential")
        assert run.status == "succeeded"
    for path in (project.folder / ".prun").rglob("*"):
        os.utime(path, (path.stat().st_mtime - 864_000,) * 2)
    shutil.rmtree(project.folder / ".prun" / "index")
    shutil.rmtree(project.folder / "out")
    return project.folder


class Moments:
    """Counts what happens in the store, and calls at one of these moments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: Callable[[int], bool], call: Callable[[], None]):
        self.count = 0
        self._at, self._call, self._inside = at, call, False
        for owner, name in POINTS:
            monkeypatch.setattr(owner, name, self._around(getattr(owner, name)))

    def _around(self, real: Any) -> Any:
        def wrapped(*args: Any, **options: Any) -> Any:
            self._moment()
            done = real(*args, **options)
            self._moment()
            return done

        return wrapped

    def _moment(self) -> None:
        if self._inside:
            return
        self.count += 1
        if self._at(self.count):
            self._inside = True
            try:
                self._call()
            finally:
                self._inside = False


def collect(folder: Path, **options: Any) -> int:
    return Upkeep(Store.open(None, str(folder))).gc(keep_runs=1, **options).files


def looked_at(folder: Path) -> tuple[Any, ...]:
    return (
        (folder / "out" / "report.txt").read_text()[:60],
        (folder / "out" / "tree" / "a.txt").read_text() == "1" * 90_000,
    )


EXPECTED = "[54000, 54000, 54000] [54000, 54000, 54000] 90000 {new} " + "x" * 20


def tell(
    old: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, at: Callable[[int], bool], new: int = 0
) -> int:
    """Run k=1 again with a gc at these moments; how many moments there were."""
    shutil.copytree(old, folder)
    taken: list[int] = []
    with monkeypatch.context() as patch:
        moments = Moments(patch, at, lambda: taken.append(collect(folder)))
        run = Pipeline.load(folder, params={"k": 1, "new": new}).run(backend="sequential")
    expected = EXPECTED.format(new=new)[:60]
    assert run.status == "succeeded", [(t.id, t.error) for t in run.tasks if t.error]
    assert run.output("after") == expected
    assert looked_at(folder) == (expected, True)
    again = Pipeline.load(folder, params={"k": 1, "new": new}).run(backend="sequential", paranoid=True)
    assert again.status == "succeeded"
    assert again.output("size") == [54000] * 3
    assert looked_at(folder) == (expected, True)
    return moments.count


def test_without_a_gc_all_is_reused(old: Path, tmp_path: Path) -> None:
    shutil.copytree(old, tmp_path / "project")
    assert collect(tmp_path / "project", dry_run=True) > 10  # there is something to take
    run = Pipeline.load(tmp_path / "project").run(backend="sequential")
    assert run.counts["reused"] == 10


@pytest.mark.parametrize("new", [0, 1])  # all reused; or the last steps to be computed
@pytest.mark.parametrize("seed", range(3))
def test_a_gc_at_any_moment(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: int, seed: int
) -> None:
    """Each seed tells a few stories. ``PRUN_CHAOS_SEED`` and ``seed`` make up the moments."""
    chance = random.Random(f"{os.environ.get('PRUN_CHAOS_SEED', '')}-{seed}-{new}")
    moments = tell(old, tmp_path / "first", monkeypatch, lambda n: False, new)
    assert moments > 10
    for story in range(3):
        when = chance.randrange(1, moments + 1)
        try:
            tell(old, tmp_path / str(story), monkeypatch, when.__eq__, new)
        except AssertionError as error:
            raise AssertionError(f"gc at moment {when} of {moments}: {error}") from error


def test_gc_again_and_again(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the run made itself is too young to go, so it comes to its end."""
    tell(old, tmp_path / "project", monkeypatch, lambda n: n % 5 == 0, 1)

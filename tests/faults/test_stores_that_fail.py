"""Stores that fail now and then, that fail for good, that are full, or that may not be written."""

from __future__ import annotations

import errno
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from harness import Project, command, ran, reused

from pipeline_runner import Pipeline
from pipeline_runner.app.upkeep import Upkeep
from pipeline_runner.errors import StoreError
from pipeline_runner.model.artifact import CacheKey, Entry
from pipeline_runner.store import local, remote
from pipeline_runner.store.codecs import decode, encode
from pipeline_runner.store.store import Store


class ClientError(Exception):
    """What libraries raise that know no OSError."""


ClientError.__module__ = "botocore.exceptions"
ERRORS = (
    OSError("connection reset"),
    TimeoutError("slow"),
    ClientError("503 SlowDown"),
    ConnectionError("gone"),
)


class Schedule:
    """When a file system fails: seeded, so that a failure can be seen again."""

    def __init__(self) -> None:
        self.random = random.Random(0)
        self.share = 0.0
        self.in_a_row = 0
        self.failed = 0
        self.inside = False

    def start(self, seed: int, share: float) -> None:
        self.random, self.share, self.in_a_row, self.failed = random.Random(seed), share, 0, 0

    def __call__(self) -> None:
        if self.in_a_row < 3 and self.random.random() < self.share:  # fewer than are tried
            self.in_a_row += 1
            self.failed += 1
            raise self.random.choice(ERRORS)


SCHEDULE = Schedule()


class Flaky(MemoryFileSystem):  # type: ignore[misc]
    """Fails by schedule, before or after it has done what it was asked."""

    protocol = "flaky"
    store: dict[str, Any] = {}
    pseudo_dirs = [""]
    cachable = False

    def _flaky(self, name: str, *args: Any, **options: Any) -> Any:
        if SCHEDULE.inside:  # one call of ours may be several of the file system's: it fails as one
            return getattr(super(), name)(*args, **options)
        SCHEDULE()
        SCHEDULE.inside = True
        try:
            done = getattr(super(), name)(*args, **options)
        finally:
            SCHEDULE.inside = False
        SCHEDULE()
        SCHEDULE.in_a_row = 0
        return done

    def cat_file(self, *a: Any, **k: Any) -> Any:
        return self._flaky("cat_file", *a, **k)

    def pipe_file(self, *a: Any, **k: Any) -> Any:
        return self._flaky("pipe_file", *a, **k)

    def put_file(self, *a: Any, **k: Any) -> Any:
        return self._flaky("put_file", *a, **k)

    def get_file(self, *a: Any, **k: Any) -> Any:
        return self._flaky("get_file", *a, **k)

    def ls(self, *a: Any, **k: Any) -> Any:
        return self._flaky("ls", *a, **k)

    def find(self, *a: Any, **k: Any) -> Any:
        return self._flaky("find", *a, **k)

    def info(self, *a: Any, **k: Any) -> Any:
        return self._flaky("info", *a, **k)

    def rm_file(self, *a: Any, **k: Any) -> Any:
        return self._flaky("rm_file", *a, **k)

    def rm(self, *a: Any, **k: Any) -> Any:
        return self._flaky("rm", *a, **k)

    def size(self, *a: Any, **k: Any) -> Any:
        return self._flaky("size", *a, **k)


fsspec.register_implementation("flaky", Flaky, clobber=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(remote, "_DELAY", 0.0001)
    yield
    SCHEDULE.start(0, 0.0)
    Flaky.store.clear()


def entry(store: Store, n: int, value: Any) -> Entry:
    artifact = encode(value, store, lambda module: False)
    return Entry(CacheKey("a" * 48, f"{n:048x}"), {"": artifact}, {}, 1.0, 2.0, "run", f"t[{n}]")


@pytest.mark.parametrize("seed", range(8))
def test_errors_that_pass_are_never_noticed(tmp_path: Path, seed: int) -> None:
    store = Store.open(f"flaky://{tmp_path.name}", str(tmp_path))
    SCHEDULE.start(seed, 0.25)
    made = [entry(store, n, ["x" * 20_000, n]) for n in range(10)]
    store.commit(made[:1])
    store.commit(made[1:])
    elsewhere = Store.open(f"flaky://{tmp_path.name}", str(tmp_path / "elsewhere"))
    found = elsewhere.lookup([e.key for e in made])
    assert found == {e.key: e for e in made}
    assert [decode(e.outputs[""], elsewhere)[1] for e in made] == list(range(10))
    store.files.delete_many([n for n in store.files.walk("") if n.startswith("blobs/")])
    assert SCHEDULE.failed > 5


@pytest.mark.parametrize("seed", range(3))
def test_runs_over_a_store_that_fails_now_and_then(project: Project, seed: int) -> None:
    project.file("work.py", "def load(): return list(range(20))\ndef double(x): return [x * 2] * 5000\n")
    project.pipeline(
        {"steps": {"load": {"call": "work:load"},
                   "double": {"call": "work:double", "foreach": "load", "inputs": {"x": "item"}}}}
    )  # fmt: skip
    SCHEDULE.start(seed, 0.2)
    pipeline = Pipeline.load(project.folder, store=f"flaky://{project.folder.parent.name}")
    for expected in ("succeeded", "reused"):
        run = pipeline.run(backend="sequential")
        assert (run.status, run.counts[expected]) == ("succeeded", 21)
    assert [v[0] for v in run.output("double")] == [2 * x for x in range(20)]
    assert SCHEDULE.failed > 5


def test_what_a_run_gave_is_there_after_it_though_folders_far_away_are_listed_once(project: Project) -> None:
    """Tiny tasks are committed together, in a file that was not there when their step was looked up."""
    project.file("work.py", "def double(x): return [x * 2] * 5000\n")
    project.pipeline(
        """
        params: {n: [0, 1]}
        steps: {double: {call: "work:double", foreach: params.n, inputs: {x: item}}}
        """
    )
    for count in (2, 12):
        params = {"n": list(range(count))}
        pipeline = Pipeline.load(project.folder, params=params, store=f"flaky://{project.folder.parent.name}")
        run = pipeline.run(backend="sequential")
        assert [v[0] for v in run.output("double")] == [2 * n for n in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_upkeep_of_a_store_that_fails_now_and_then(project: Project, seed: int) -> None:
    project.file("work.py", "def double(x): return [x * 2] * 5000\n")
    project.pipeline(
        {"steps": {"double": {"call": "work:double", "foreach": [1, 2, 3], "inputs": {"x": "item"}}}}
    )
    url = f"flaky://{project.folder.parent.name}"
    pipeline = Pipeline.load(project.folder, store=url)
    pipeline.run(backend="sequential")
    SCHEDULE.start(seed, 0.3)
    upkeep = Upkeep.open(url, str(project.folder))
    assert upkeep.stats().entries == 3
    told = upkeep.gc(keep_runs=0, grace=0.0, dry_run=True)
    done = upkeep.gc(keep_runs=0, grace=0.0)
    assert (done.entries, done.bytes) == (told.entries, told.bytes) == (3, told.bytes)
    assert upkeep.stats().entries == 0
    run = pipeline.run(backend="sequential")
    assert (run.counts["succeeded"], run.output("double")[2][0]) == (3, 6)
    assert SCHEDULE.failed > 5


def test_what_does_not_pass_is_told_and_nothing_runs(project: Project) -> None:
    project.file("work.py", "import calls\ndef load(): calls.called('load')\n")
    project.pipeline({"steps": {"load": {"call": "work:load"}}})
    SCHEDULE.start(0, 1.0)
    SCHEDULE.in_a_row = -1000
    with pytest.raises(StoreError, match=r"cannot read from the store flaky://gone: .*5 attempts"):
        Pipeline.load(project.folder, store="flaky://gone").run(backend="sequential")
    assert project.calls() == []


def test_denied_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(f"flaky://{tmp_path.name}", str(tmp_path))
    asked: list[str] = []

    def denied(self: Any, path: str, *a: Any, **k: Any) -> None:
        asked.append(path)
        raise PermissionError("403 Forbidden")

    monkeypatch.setattr(Flaky, "cat_file", denied)
    monkeypatch.setattr(Flaky, "pipe_file", denied)
    with pytest.raises(StoreError, match=r"cannot write to the store .*403"):
        store.runs.write_latest("demo", {})
    with pytest.raises(StoreError, match=r"cannot read from the store .*403"):
        store.lookup([CacheKey("a", "b")])
    assert len(asked) <= 4


# ---- local stores ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("at", range(6))
def test_whatever_write_fails_is_a_clear_error_and_leaves_no_trace(
    tmp_path: Path, number: int, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open("store", str(tmp_path))
    store.runs.write_latest("demo", {"a": 1})
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    left = [at]
    real = os.write

    def write(fd: int, data: Any) -> int:
        if left[0] == 0:
            real(fd, bytes(data)[: len(data) // 2])  # half of it is on the disk already
            raise OSError(number, os.strerror(number))
        left[0] -= 1
        return real(fd, data)

    monkeypatch.setattr(local.os, "write", write)

    def commit_all() -> None:
        for n in range(4):
            store.commit([entry(store, n, "x" * 20_000 + str(n))])

    with pytest.raises(StoreError, match="cannot write to the store") as error:
        commit_all()
    assert os.strerror(number) in str(error.value)
    monkeypatch.undo()
    assert list((tmp_path / "store" / "tmp").iterdir()) == []
    assert all(path.read_bytes() == data for path, data in before.items())
    again = Store.open("store", str(tmp_path))
    for n in range(3):
        made = entry(again, n, "x" * 20_000 + str(n))
        again.commit([made])
        found = again.lookup([made.key])[made.key]
        assert isinstance(found, Entry)
        assert decode(found.outputs[""], again).endswith(str(n))


PIPELINE = """
store: shared
steps:
  small: {call: "work:small"}
  large: {call: "work:large", inputs: {x: small}}
  after: {call: "work:after", inputs: {x: large}}
"""
CODE = """
import os
def small(): return 1
def large(x): return os.urandom(3_000_000) if os.environ.get("LARGE") else b"y" * 20_000
def after(x): return len(x)
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of file sizes are POSIX")
@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_result_that_does_not_fit_fails_its_task_alone(project: Project, backend: str) -> None:
    """A limit of 1 MB for files stands for a disk that fills up in the middle of a run."""
    project.file("work.py", CODE).pipeline(PIPELINE)
    args = ["run", "--backend", backend, "--json"]
    process = subprocess.run(
        ["sh", "-c", 'ulimit -f 2000; exec "$@"', "sh", *command(), *args],
        cwd=project.folder, env=project.environment({"LARGE": "1"}), capture_output=True, text=True,
        timeout=90,
    )  # fmt: skip
    assert process.returncode == 1, process.stderr
    assert "cannot write to the store" in process.stdout + process.stderr
    assert "File too large" in process.stdout
    assert "Traceback" not in process.stdout + process.stderr  # the message says it
    assert "StoreError" not in process.stdout + process.stderr
    assert not list((project.folder / "shared" / "tmp").iterdir())
    result = project.run()
    assert reused(result) == {"small"}
    assert ran(result) == {"large", "after"}


@pytest.mark.parametrize("store", ["a_file", "a_file/within", f"{os.devnull}/store"])
def test_a_place_that_can_be_no_store_is_told_before_anything_runs(project: Project, store: str) -> None:
    project.file("work.py", "import calls\ndef small(): calls.called('small')\n").file("a_file", "text")
    project.pipeline(f"store: {store}\nsteps:\n  small: {{call: 'work:small'}}\n")
    result = project.prun("run", exit=2)
    assert "store" in result.err
    assert project.calls() == []


def only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file system says that is mounted to be read (a mode would not stop root)."""

    def refuse(self: Any, name: str, *rest: Any) -> None:
        raise StoreError(f"cannot write to the store {self.url}: Read-only file system")

    for method in ("_put", "append"):
        monkeypatch.setattr(local.LocalFiles, method, refuse)


@pytest.mark.parametrize("again", [False, True])
def test_a_store_that_is_only_read_serves_what_is_there(
    project: Project, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Also what was published, and whether or not a stamp says that nothing has changed."""
    project.file("work.py", CODE).pipeline(PIPELINE.replace("{x: large}", "{x: large}, publish: out.json"))
    project.run()
    if again:
        project.run()
    else:
        for stamp in (project.folder / "shared" / "index" / "stamps").iterdir():
            stamp.unlink()
    project.remove("out.json")
    only_read(monkeypatch)
    run = Pipeline.load(project.folder).run(backend="sequential")
    assert (run.status, run.counts["reused"]) == ("succeeded", 3)
    assert any("Read-only file system" in note for note in run.notes)
    assert project.data("out.json") == 20_000
    assert run.output("after") == 20_000
    monkeypatch.undo()
    assert len(project.prun("runs").out.splitlines()) == (3 if again else 2)


def test_what_could_not_be_kept_is_not_computed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    code = CODE.replace("return len(x)", "calls.called('after'); return len(x) + 1")
    project.file("work.py", CODE).pipeline(PIPELINE)
    project.run()
    project.file("work.py", f"import calls{code}")
    only_read(monkeypatch)
    told: list[str] = []
    with pytest.raises(StoreError, match="Read-only file system"):
        Pipeline.load(project.folder).run(
            backend="sequential", observers=[lambda event: told.append(type(event).__name__)]
        )
    assert project.calls() == []
    assert "RunFinished" not in told


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_without_the_right_to_write_says_so_if_something_is_to_be_computed(project: Project) -> None:
    project.file("work.py", CODE).pipeline(PIPELINE)
    project.run()
    folders = [project.folder / "shared", *(p for p in (project.folder / "shared").rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert len(reused(project.run())) == 3
        result = project.prun("run", "--force", "after", exit=2)
        assert "Permission denied" in result.err
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_entries_of_another_format_are_ignored_with_a_word(project: Project) -> None:
    from pipeline_runner.store.sealed import seal, unseal

    project.file("work.py", CODE).pipeline(PIPELINE)
    project.run()
    for version, path in zip((0, 2), (project.folder / "shared" / "entries").rglob("*.json"), strict=False):
        path.write_bytes(seal([version, *unseal(path.read_bytes())[1:], "something new"]))
    result = project.run()
    assert len(ran(result)) == 2
    assert "2 entries of the store ignored: written by another version of prun" in result.err
    assert len(reused(project.run())) == 3


def test_a_run_is_told_though_its_record_cannot_be_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.file("work.py", CODE).pipeline(PIPELINE)
    pipeline = Pipeline.load(project.folder)
    real = local.LocalFiles.write

    def full(self: Any, name: str, parts: Any) -> None:
        if name.startswith(("runs/", "latest/", "recipes/")) and began:
            raise StoreError("cannot write to the store: No space left on device")
        began.append(name)
        real(self, name, parts)

    began: list[str] = []
    monkeypatch.setattr(local.LocalFiles, "write", full)
    run = pipeline.run(backend="sequential")
    assert run.status == "succeeded"
    assert any("No space left" in note for note in run.notes)
    monkeypatch.undo()
    assert reused(project.run()) == {"small", "large", "after"}

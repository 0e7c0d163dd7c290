"""`prun cache stats`, `gc` and `verify`, as people call them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from harness import Project, ran, reused

CODE = """
import calls

def load(n):
    calls.called("load")
    return list(range(n))

def double(x):
    calls.called(f"double {x}")
    return x * 2

def text(xs):
    calls.called("text")
    return "line\\n" * 20000 + str(xs)

def length(text):
    calls.called("length")
    return len(text)
"""
PIPELINE = """
params: {n: 3}
steps:
  load: {call: "work:load", inputs: {n: params.n}}
  double: {call: "work:double", foreach: load, inputs: {x: item}}
  text: {call: "work:text", inputs: {xs: double}}
  length: {call: "work:length", inputs: {text: text}}
"""
TASKS = {"load", "double[0]", "double[1]", "double[2]", "text", "length"}


@pytest.fixture
def demo(project: Project) -> Project:
    return project.file("work.py", CODE).pipeline(PIPELINE)


def age(project: Project, days: float = 10) -> None:
    """Let everything in the store look older."""
    for path in (project.folder / ".prun").rglob("*"):
        if path.is_file():
            s = path.stat()
            os.utime(path, (s.st_mtime - days * 86400, s.st_mtime - days * 86400))


def blob(project: Project) -> Path:
    return max(
        (project.folder / ".prun" / "blobs").rglob("*"), key=lambda p: p.is_file() and p.stat().st_size
    )


# ---- stats -----------------------------------------------------------------------------------------


def test_stats_count_by_kind_and_step_and_name_the_biggest(demo: Project) -> None:
    demo.run()
    found = demo.prun("cache", "stats", "--json").json
    assert found["entries"] == 6
    assert found["runs"] == 1
    assert {k["kind"] for k in found["kinds"]} >= {"blobs", "entries", "runs", "recipes"}
    assert sum(k["bytes"] for k in found["kinds"]) == found["bytes"]
    steps = {s["step"]: s["entries"] for s in found["steps"]}
    assert steps == {"load": 1, "double": 3, "text": 1, "length": 1}
    assert found["biggest"][0]["task"] == "text"
    assert (found["lone_entries"], found["lone_blobs"]) == (0, 0)


def test_stats_tell_what_no_run_refers_to(demo: Project) -> None:
    demo.run()
    for record in (demo.folder / ".prun" / "runs").rglob("*"):
        record.unlink() if record.is_file() else None
    found = demo.prun("cache", "stats", "--json").json
    assert found["lone_entries"] == 6
    assert found["lone_entry_bytes"] > 100_000
    text = demo.prun("cache", "stats").out
    assert "6 results" in text
    assert "cache gc" in text


@pytest.mark.parametrize("command", ["stats", "gc", "verify"])
def test_without_a_store_that_is_said(demo: Project, command: str) -> None:
    result = demo.prun("cache", command, exit=2)
    assert "no store" in result.err
    assert not result.out
    assert not demo.has(".prun/format")


# ---- gc --------------------------------------------------------------------------------------------


def test_gc_keeps_what_the_last_runs_lead_to(demo: Project) -> None:
    demo.run()
    demo.run("-p", "n=4")
    assert demo.prun("cache", "gc", "--grace", "0s", "--json").json["files"] == 0
    swept = demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "1", "--json").json
    assert swept["runs"] == 1
    assert swept["entries"] == 3  # load, text and length of n=3; the items are those of n=4, too
    assert reused(demo.run("-p", "n=4")) == TASKS | {"double[3]"}
    assert ran(demo.run()) == {"load", "text", "length"}


def test_gc_removes_what_an_index_holds_of_a_month_ago(demo: Project) -> None:
    demo.run()
    index = demo.folder / ".prun" / "index"
    [graph] = (index / "graphs").iterdir()
    [stamp] = (index / "stamps").iterdir()
    age(demo, days=29)
    assert demo.prun("cache", "gc", "--json").json["files"] == 0
    age(demo, days=31)
    gone = demo.prun("cache", "gc", "--json").json
    assert gone["kinds"] == [{"kind": "index", "files": 2, "bytes": gone["kinds"][0]["bytes"]}]
    assert not graph.exists()
    assert not stamp.exists()
    assert (index / "code").exists()
    assert "all reused" in demo.run().err


def test_gc_leaves_alone_what_is_new(demo: Project) -> None:
    demo.run()
    swept = demo.prun("cache", "gc", "--keep-runs", "0", "--json").json
    assert swept["files"] == 0
    age(demo)
    assert demo.prun("cache", "gc", "--keep-runs", "0", "--older-than", "30d", "--json").json["files"] == 0
    assert demo.prun("cache", "gc", "--keep-runs", "0", "--older-than", "9d", "--json").json["entries"] == 6


def test_gc_dry_run_tells_and_removes_nothing(demo: Project) -> None:
    demo.run()
    told = demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "0", "--dry-run", "--json").json
    assert told["dry_run"] is True
    assert told["entries"] == 6
    assert told["seconds"] > 0
    assert told["bytes"] > 100_000
    text = demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "0", "-n").out
    assert "Would remove" in text
    assert "To compute it again would take" in text
    assert reused(demo.run()) == TASKS


def test_after_gc_everything_works_and_comes_back(demo: Project) -> None:
    demo.run()
    demo.run()  # nothing changed: its record refers to that of the first
    demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "0")
    assert ran(demo.run()) == TASKS
    demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "1")
    assert reused(demo.run()) == TASKS
    assert demo.prun("show", "--json").json["status"] == "succeeded"


def test_gc_keeps_the_record_that_a_later_run_refers_to(demo: Project) -> None:
    demo.run()
    age(demo, 1)
    for _ in range(3):
        demo.run()
    demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "1")
    assert demo.prun("show", "text", "--json").json["outputs"]
    assert reused(demo.run()) == TASKS


def test_a_run_whose_record_is_gone_is_not_referred_to(demo: Project) -> None:
    """Not even where the stamp of it lies elsewhere, out of gc's sight."""
    demo.edit("pipeline.yaml", "params:", "store: {url: shared, sign: env:STORE_KEY}\nparams:")
    env = {"STORE_KEY": "a key of the team, not theirs"}
    first = demo.run(env=env).json["run_id"]
    demo.run(env=env)
    (demo.folder / "shared" / "runs" / first / "run.json").unlink()
    assert reused(demo.run(env=env)) == TASKS
    assert demo.prun("show", "text", "--json", env=env).json["outputs"]


def test_gc_counts_the_runs_of_each_checkout(demo: Project, tmp_path: Path) -> None:
    """One pipeline, checked out twice over one store: that one runs often takes nothing from the other."""
    shared = str(tmp_path / "shared")
    other = Project(tmp_path / "other").file("work.py", CODE).pipeline(PIPELINE)
    demo.run("--store", shared, "-p", "n=2")
    for n in (4, 5):
        other.run("--store", shared, "-p", f"n={n}")
    (tmp_path / "shared" / "latest" / "demo.json").unlink()  # keeps what each step gave last, by itself
    gc = ("cache", "gc", "--store", shared, "--grace", "0s", "--keep-runs", "1", "--json")
    assert demo.prun(*gc, "--forget", "1d", "--dry-run").json["runs"] == 1
    assert other.prun(*gc).json["runs"] == 1  # that of n=4
    assert reused(demo.run("--store", shared, "-p", "n=2")) == TASKS - {"double[2]"}
    assert len(reused(other.run("--store", shared, "-p", "n=5"))) == 8


def test_gc_up_to_a_size(demo: Project) -> None:
    demo.run()
    swept = demo.prun("cache", "gc", "--grace", "0s", "--max-size", "60KiB", "--json").json
    assert swept["entries"] >= 1
    assert "text" in ran(demo.run()) or "length" in reused(demo.run())
    wrong = demo.prun("cache", "gc", "--max-size", "much", exit=2)
    assert "4GiB" in wrong.err


def test_gc_refuses_where_a_newer_prun_has_written(demo: Project) -> None:
    demo.run()
    entry = next((demo.folder / ".prun" / "entries").rglob("*.json"))
    from pipeline_runner.store.sealed import seal, unseal

    fields = unseal(entry.read_bytes())
    entry.write_bytes(seal([99, *fields[1:]]))
    result = demo.prun("cache", "gc", "--grace", "0s", "--keep-runs", "0", exit=2)
    assert "another version" in result.err
    assert entry.exists()
    assert len(reused(demo.run())) == 5  # ignored, not misread


# ---- verify ----------------------------------------------------------------------------------------


def test_verify_of_a_whole_store(demo: Project) -> None:
    demo.run()
    result = demo.prun("cache", "verify")
    assert "Everything is whole" in result.out
    assert demo.prun("cache", "verify", "--json").json["ok"] is True


@pytest.mark.parametrize("cut", [True, False])
def test_verify_names_the_task_of_a_damaged_output(demo: Project, cut: bool) -> None:
    demo.run()
    path = blob(demo)
    data = path.read_bytes()
    path.write_bytes(data[:-1] if cut else data[:-1] + b"?")
    found = demo.prun("cache", "verify", "--json", exit=1).json
    assert [(f["kind"], f["tasks"]) for f in found["findings"]] == [("damaged-blob", ["text"])]
    assert path.exists()  # only told
    assert "text" in demo.prun("cache", "verify", exit=1).out
    demo.prun("cache", "verify", "--repair", exit=1)
    assert not path.exists()
    assert demo.prun("cache", "verify").exit == 0
    assert ran(demo.run()) == {"text"}


def test_verify_names_what_is_missing(demo: Project) -> None:
    demo.run()
    blob(demo).unlink()
    [finding] = demo.prun("cache", "verify", "--json", exit=1).json["findings"]
    assert (finding["kind"], finding["tasks"]) == ("missing-blob", ["text"])


def test_verify_names_the_task_of_a_damaged_entry(demo: Project) -> None:
    demo.run()
    entries = [
        p for p in (demo.folder / ".prun" / "entries").rglob("*.json") if b'"length"' in p.read_bytes()
    ]
    entries[0].write_bytes(entries[0].read_bytes().replace(b"int", b"inT"))
    [finding] = demo.prun("cache", "verify", "--json", exit=1).json["findings"]
    assert (finding["kind"], finding["tasks"]) == ("damaged-entry", ["length"])
    demo.prun("cache", "verify", "--repair", exit=1)
    assert ran(demo.run()) == {"length"}


def test_verify_names_damaged_records(demo: Project) -> None:
    demo.run()
    [record] = (demo.folder / ".prun" / "runs").rglob("run.json")
    record.write_bytes(record.read_bytes()[:-3])
    [finding] = demo.prun("cache", "verify", "--json", exit=1).json["findings"]
    assert finding["kind"] == "damaged-record"


def test_a_sample_names_what_does_not_reproduce(demo: Project) -> None:
    demo.file("more.py", """
        import os

        def random(x):
            return {"x": x, "token": os.urandom(8).hex()}
        """)  # fmt: skip
    demo.edit("pipeline.yaml", "  length:", '  random: {call: "more:random", inputs: {x: load}}\n  length:')
    demo.run()
    before = {p for p in (demo.folder / ".prun" / "entries").rglob("*") if p.is_file()}
    result = demo.prun("cache", "verify", "--sample", "100%", "--json", exit=1)
    [finding] = result.json["findings"]
    assert (finding["kind"], finding["tasks"]) == ("differs", ["random"])
    assert "['token']" in finding["detail"]
    assert result.json["sampled"] == 7
    assert {p for p in (demo.folder / ".prun" / "entries").rglob("*") if p.is_file()} == before
    assert reused(demo.run()) == TASKS | {"random"}


def test_a_sample_is_chosen_by_the_seed(demo: Project) -> None:
    demo.run()
    demo.calls()
    assert demo.prun("cache", "verify", "--sample", "30%", "--seed", "1", "--json").json["sampled"] == 2
    first = sorted(demo.calls())
    demo.prun("cache", "verify", "--sample", "30%", "--seed", "1")
    assert sorted(demo.calls()) == first
    assert len(first) == 2


def test_types_that_do_not_pickle_stably_are_named(project: Project) -> None:
    project.file("work.py", """
        import itertools

        class Restless:
            def __init__(self): self.count = 0
            def __getstate__(self): return {"count": self.count}
            def __setstate__(self, state): self.count = state["count"] + 1

        class Still:
            pass

        def restless(): return Restless()
        def still(): return Still()
        """)  # fmt: skip
    project.pipeline({"steps": {n: {"call": f"work:{n}"} for n in ("restless", "still")}})
    project.run()
    found = project.prun("cache", "verify", "--json").json
    assert found["ok"] is True  # nothing is damaged, and it is said
    assert [(f["kind"], f["what"], f["tasks"]) for f in found["findings"]] == [
        ("unstable-type", "Restless", ["restless"])
    ]


def test_help_names_the_commands(demo: Project) -> None:
    text = demo.prun("cache", "--help").out
    assert all(name in text for name in ("stats", "gc", "verify"))
    assert "cache" in demo.prun("--help").out


def test_json_is_one_object(demo: Project) -> None:
    demo.run()
    for args in (["stats"], ["gc"], ["verify"]):
        assert isinstance(json.loads(demo.prun("cache", *args, "--json").out), dict)

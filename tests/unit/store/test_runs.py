from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner.store.runs import Runs, new_run_id, step_file
from pipeline_runner.store.store import Store


@pytest.fixture(params=["store", "memory://runs-{name}"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    return Store.open(request.param.format(name=tmp_path.name), str(tmp_path)).runs


def test_run_ids_sort_by_time_and_are_unique() -> None:
    now = 1795367695.0
    ids = [new_run_id(now + i / 100) for i in range(300)]
    assert ids == sorted(ids)
    assert ids[0].startswith("20261122-")
    assert len({new_run_id(now) for _ in range(20)}) > 10


def test_runs_are_listed_newest_first(runs: Runs) -> None:
    assert runs.list_runs() == []
    ids = [new_run_id(1.7e9 + 100 * i) for i in range(3)]
    for i in ids:
        runs.write_json(i, "run", {"id": i})
    assert runs.list_runs() == ids[::-1]
    assert runs.read_json(ids[0], "run") == {"id": ids[0]}
    assert runs.read_json(ids[0], "other") is None


def test_lines_are_appended(runs: Runs) -> None:
    run = new_run_id(1.7e9)
    assert runs.read_lines(run, "events") == []
    runs.append_lines(run, "events", [{"a": 1}, [2]])
    runs.append_lines(run, "events", [])
    runs.append_lines(run, "events", ["three\n"])
    assert runs.read_lines(run, "events") == [{"a": 1}, [2], "three\n"]


def test_a_line_that_a_stop_cut_off_is_not_read(tmp_path: Path) -> None:
    store = Store.open("s", str(tmp_path))
    run = new_run_id(1.7e9)
    store.runs.append_lines(run, "events", [1, {"k": 123456}])
    path = Path(store.url) / "runs" / run / "events.jsonl"
    whole = path.read_bytes()
    for cut in range(3, len(whole)):
        path.write_bytes(whole[:cut])
        assert store.runs.read_lines(run, "events") == [1]


def test_logs_of_any_task_id(runs: Runs) -> None:
    run = new_run_id(1.7e9)
    tasks = ["load", "Load", "train[1,3]", "train[1/3]", "train[../../x]", "x" * 300, "t[é]", "a b", "a_b"]
    for t in tasks:
        runs.write_log(run, t, f"log of {t}\n")
    for t in tasks:
        assert runs.read_log(run, t) == f"log of {t}\n"
    assert runs.read_log(run, "other") is None
    runs.write_log(run, "load", "again \ud800")
    assert runs.read_log(run, "load") == "again \\ud800"


def test_the_latest_of_a_pipeline(runs: Runs) -> None:
    assert runs.read_latest("p1") is None
    runs.write_latest("p1", {"a": 1})
    runs.write_latest("p1", {"a": 2})
    assert runs.read_latest("p1") == {"a": 2}


def test_damaged_records_are_none(tmp_path: Path) -> None:
    store = Store.open("s", str(tmp_path))
    run = new_run_id(1.7e9)
    store.runs.write_json(run, "run", {"a": 1})
    store.runs.write_latest("p", {"a": 1})
    for path in (Path(store.url) / "runs" / run / "run.json", Path(store.url) / "latest" / "p.json"):
        path.write_bytes(path.read_bytes()[:-1])
    assert store.runs.read_json(run, "run") is None
    assert store.runs.read_latest("p") is None


@pytest.mark.parametrize("name", ["my pipeline", "äö", "a/b", "../../up", "-x", ".", "x" * 100])
def test_any_name_of_a_pipeline_finds_its_latest(tmp_path: Path, name: str) -> None:
    store = Store.open("s", str(tmp_path))
    store.runs.write_latest(name, {"of": name})
    store.runs.write_latest(name + "!", {"of": "another"})
    assert store.runs.read_latest(name) == {"of": name}
    assert len(store.files.list("latest")) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("name", ["CON", "nul", "com1.v2", "Lpt9"])
def test_a_pipeline_may_have_the_name_of_a_device(tmp_path: Path, name: str) -> None:
    runs = Store.open("store", str(tmp_path)).runs
    runs.write_latest(name, {"a": 1})
    assert runs.read_latest(name) == {"a": 1}
    assert [p.name[0] for p in (tmp_path / "store" / "latest").iterdir()] == ["_"]
    runs.write_latest("console", {"a": 2})
    assert (tmp_path / "store" / "latest" / "console.json").exists()


@pytest.mark.parametrize("run", ["../../etc", "", "a/b", "x" * 500, "nul\0in"])
def test_a_run_that_can_be_none_has_no_log(runs: Runs, run: str) -> None:
    assert runs.read_log(run, "task") is None


@pytest.mark.parametrize("texts", [[], [""], ["a\nb", "", "wörld \ud800 \0"], ["x" * 100_000, "\n"]])
def test_long_texts_stand_behind_a_value(runs: Runs, texts: list[str]) -> None:
    run = new_run_id(1.7e9)
    assert runs.read_texts(run, "steps/a") is None
    runs.write_texts(run, "steps/a", {"a": ["\n", 1]}, texts)
    assert runs.read_texts(run, "steps/a") == ({"a": ["\n", 1]}, texts)


def test_a_value_with_texts_that_was_damaged_or_put_elsewhere_is_not_read(tmp_path: Path) -> None:
    run = new_run_id(1.7e9)
    store = Store.open("store", str(tmp_path))
    store.runs.write_texts(run, "steps/a", 1, ["some text"])
    path = tmp_path / "store" / "runs" / run / "steps" / "a"
    data = path.read_bytes()
    for harmed in (data.replace(b"text", b"texT"), data[:-1], data[:20], b""):
        path.write_bytes(harmed)
        assert store.runs.read_texts(run, "steps/a") is None


@pytest.mark.parametrize(("one", "other"), [("A", "a"), ("x.y", "x/y"), ("a" * 70, "a" * 71)])
def test_no_two_steps_share_a_file(one: str, other: str) -> None:
    assert step_file(one).lower() != step_file(other).lower()

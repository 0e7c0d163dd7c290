"""`prun runs`, `show` and `logs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from .conftest import App, one_object

Prun = Callable[..., Result]
NEW, OLD = "20260105-101500-ab", "20260104-090000-cd"


def test_runs(prun: Prun) -> None:
    lines = prun("runs").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["run", NEW, OLD]
    assert [run["id"] for run in one_object(prun("runs", "--json"))["runs"]] == [NEW, OLD]
    assert len(prun("runs", "-n", "1").stdout.splitlines()) == 3
    assert len(one_object(prun("runs", "-n", "1", "--json"))["runs"]) == 1


def test_no_runs(prun: Prun, app: App) -> None:
    app.runs = []
    assert prun("runs").stdout == "No runs yet.\n"
    assert "there is no run yet" in prun("show", exit=2).stderr


def test_where_the_store_is_looked_for(prun: Prun, app: App) -> None:
    prun("runs")
    assert app.asked["list"] == {"store": None, "pipeline_path": None}  # all in the store of ./pipeline.yaml
    Path("other.yaml").touch()
    prun("runs", "-f", "other.yaml", "--store", "memory://x")
    assert app.asked["list"] == {"store": "memory://x", "pipeline_path": "other.yaml"}
    Path("pipeline.yaml").unlink()
    prun("runs")
    assert app.asked["list"] == {"store": None, "pipeline_path": None}
    prun("runs", "-f", "nope.yaml", exit=2)


def test_show_the_latest_run(prun: Prun) -> None:
    text = prun("show").stdout
    assert text.startswith(f"{NEW} succeeded in 4.2 s: 1 failed, 1 run\n")
    assert "train[1]  ValueError: no" in text


@pytest.mark.parametrize("word", [OLD, "20260104"])
def test_show_a_run_by_its_beginning(prun: Prun, app: App, word: str) -> None:
    prun("show", word)
    assert app.asked["loaded"] == OLD


def test_an_ambiguous_beginning(prun: Prun) -> None:
    assert NEW in prun("show", "202601", exit=2).stderr


def test_show_a_task_of_the_latest_run(prun: Prun) -> None:
    assert prun("show", "train[1]").stdout.startswith("train[1] run\n")
    assert prun("show", "latest", "clean").stdout.startswith("clean run\n")


def test_show_a_step_with_items(prun: Prun) -> None:
    text = prun("show", "train").stdout
    assert "train[0]" in text
    assert "clean" not in text
    rows = one_object(prun("show", "train", "--json"))["tasks"]
    assert [row["id"] for row in rows] == ["train[0]", "train[1]"]


def test_show_a_task_as_json(prun: Prun) -> None:
    about = one_object(prun("show", "clean", "--json"))
    assert about["parts"] == [{"argument": "seed", "kind": "item", "what": "", "text": "3"}]
    assert about["outputs"] == [{"name": "", "type": "int", "size": 1, "preview": "7", "more_lines": 0}]


def test_unknown_names_are_answered_with_the_nearest(prun: Prun) -> None:
    assert "'train[1]'" in prun("show", "train[11]", exit=2).stderr
    assert "'clean'" in prun("logs", "claen", exit=2).stderr
    assert f"'{NEW}'" in prun("show", "20260105-101500-xx", "clean", exit=2).stderr


def test_logs(prun: Prun) -> None:
    result = prun("logs", "train[1]")
    assert (result.stdout, result.stderr) == ("log of train[1]\n", "")


def test_logs_of_all_items(prun: Prun) -> None:
    result = prun("logs", "train")
    assert result.stdout == "log of train[0]\nlog of train[1]\n"
    assert result.stderr == "==> train[0] <==\n==> train[1] <==\n"


def test_logs_of_a_silent_task(prun: Prun) -> None:
    result = prun("logs", "clean", "--run", OLD)
    assert result.stdout == ""
    assert result.stderr == f"clean printed nothing in run {OLD}\n"

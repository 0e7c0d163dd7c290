"""The command line over a stub of the app: what a command asks for, and what it prints."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline_runner.cli.main import cli
from pipeline_runner.errors import PrunError
from pipeline_runner.model.decision import PlannedTask, Reason
from pipeline_runner.model.event import RunFinished, RunStarted, StepExpanded, TasksReused

COUNTS = {"succeeded": 1, "reused": 0, "skipped": 0, "failed": 1, "blocked": 0, "cancelled": 0}


def task(id: str, status: str = "succeeded", error: str | None = None) -> Any:
    return SimpleNamespace(
        id=id, step=id.partition("[")[0], status=status, attempts=1, seconds=0.5, error=error
    )


class StubRun:
    """A run of the past, or one just made."""

    def __init__(self, id: str = "20260105-101500-ab", exit_code: int = 0) -> None:
        self.id = id
        self.status = "failed" if exit_code == 1 else "cancelled" if exit_code == 130 else "succeeded"
        self.seconds, self.started = 4.2, 0.0
        self.counts = COUNTS
        self.exit_code = exit_code
        self.notes: list[str] = []
        self.tasks = [task("clean"), task("train[0]"), task("train[1]", "failed", "ValueError: no")]

    def to_json(self) -> dict[str, Any]:
        rows = [{"id": t.id, "step": t.step, "status": t.status} for t in self.tasks]
        return {"run_id": self.id, "status": self.status, "counts": self.counts, "tasks": rows}

    def log_of(self, id: str) -> Any:
        return SimpleNamespace(text="" if id == "clean" else f"log of {id}\n", run=self.id, task=id)

    def describe(self, id: str) -> dict[str, Any]:
        parts = [("seed", "item", "", "3")]
        return {
            "id": id,
            "step": id,
            "status": "succeeded",
            "parts": parts,
            "outputs": [("", "int", 1, "7", 0)],
        }


class App:
    """What was asked of the app, and what it answers."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.raises: Exception | None = None
        self.run = StubRun()
        self.problems: list[Any] = []
        self.runs = [
            self.info(StubRun("20260105-101500-ab"), 2.0),
            self.info(StubRun("20260104-090000-cd"), 1.0),
        ]

    @staticmethod
    def info(run: StubRun, started: float) -> Any:
        return SimpleNamespace(
            id=run.id,
            run_id=run.id,
            pipeline="demo",
            status=run.status,
            started=started,
            seconds=4.2,
            counts=COUNTS,
        )


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    """Put a stub where ``pipeline_runner.app.pipeline`` and ``.run`` are."""
    stub = App()

    class Pipeline:
        name = "demo"
        graph = SimpleNamespace(steps={"clean": SimpleNamespace(fanout=None)})

        @classmethod
        def load(cls, path: str, **options: Any) -> Pipeline:
            stub.asked["load"] = (path, options)
            if stub.raises:
                raise stub.raises
            return cls()

        def run(self, **options: Any) -> StubRun:
            observers = options.pop("observers")
            stub.asked["run"] = options
            for observer in observers:
                observer(RunStarted(0, "r", "demo", ("clean",), "loky", 1))
                observer(StepExpanded(0, "clean", 1, None))
                observer(TasksReused(0, "clean", (0,), 0.0))
                observer(RunFinished(0.1, "succeeded"))
            return stub.run

        def plan(self, **options: Any) -> Any:
            stub.asked["plan"] = options
            tasks = [PlannedTask("clean", "clean", None, "run", 0, (), (Reason("new"),), 2.0)]
            summary = {"run": 1, "reuse": 0, "skip": 0, "undecided": 0}
            return SimpleNamespace(
                tasks=tasks, summary=summary, estimate_s=2.0, to_json=lambda: {"pipeline": "demo"}
            )

        def check(self) -> list[Any]:
            return stub.problems

        def why(self, name: str) -> Any:
            stub.asked["why"] = name
            reasons = [Reason("param", "params.n", "1 -> 2")]
            return SimpleNamespace(task=name, status="changed", since="", reasons=reasons, chain=[], diff="")

    class Run:
        @staticmethod
        def list(**options: Any) -> Any:
            stub.asked["list"] = options
            return stub.runs

        @staticmethod
        def latest(**options: Any) -> Any:
            stub.asked["latest"] = options
            return stub.run if stub.runs else None

        @staticmethod
        def load(id: str, **options: Any) -> Any:
            stub.asked["loaded"] = id
            return StubRun(id)

    for name, value in (("Pipeline", Pipeline), ("Run", Run)):
        module = types.ModuleType(f"pipeline_runner.app.{name.lower()}")
        setattr(module, name, value)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return stub


@pytest.fixture
def prun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: App) -> Callable[..., Result]:
    """Call ``prun`` in a folder with a pipeline file; the exit code must be as said."""
    monkeypatch.chdir(tmp_path)
    for name in ("PRUN_DEBUG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pipeline.yaml").write_text("name: demo\n", encoding="utf-8")

    def call(*args: str, exit: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(args), prog_name="prun")
        assert result.exit_code == exit, f"{result.exit_code}\n{result.output}\n{result.exception!r}"
        assert "Traceback" not in result.output
        return result

    return call


def one_object(result: Result) -> Any:
    """stdout as exactly one JSON object."""
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return value


__all__ = ["App", "PrunError", "StubRun", "one_object", "task"]

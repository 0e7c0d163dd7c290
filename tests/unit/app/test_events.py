"""Events as JSON lines: they come back as they were, and the schema says what they look like."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, get_args

import pytest

from pipeline_runner.app.events import (
    EventFile,
    EventRecord,
    decode,
    encode,
    events_schema,
    ranges,
    read_events,
)
from pipeline_runner.errors import PrunError
from pipeline_runner.model import event as ev
from pipeline_runner.model.outcome import ErrorInfo
from pipeline_runner.store.runs import new_run_id
from pipeline_runner.store.store import Store

SCHEMA = Path(__file__).parents[3] / "schemas" / "events.schema.json"
ERROR = ErrorInfo("exception", "ValueError: no", ("ValueError",), "trace", ("a.py", 3, "f"), "hint")
HOOKS: list[Any] = [
    ev.HookEnded(0.7, "on_failure", "hooks:tell", None, "sent"),
    ev.HookEnded(0.7, "on_failure", "hooks:tell", ERROR, ""),
]
EVENTS: list[Any] = [
    ev.RunStarted(0.0, "r1", "demo", ("a", "b"), "loky", 4, None, {"a": 1.5}),
    ev.StepExpanded(0.1, "a", 1, None),
    ev.StepExpanded(0.1, "b", 5, ["0", "1", "2", "3", "x"]),
    ev.TasksReused(0.2, "b", range(0, 3), 12.0),
    ev.TasksStarted(0.2, "b", [3, 4], 1, "new"),
    ev.TasksSucceeded(0.3, "b", [3], [0.1]),
    ev.TaskFailed(0.4, "b", 4, 1, ERROR, 0.2, None, True),
    ev.TaskFailed(0.4, "b", 4, 1, ERROR._replace(where=None), 0.2, 1.5),
    ev.TasksSkipped(0.5, "a", [0], "when is false"),
    ev.TasksBlocked(0.5, "a", [0], "b"),
    ev.TasksCancelled(0.5, "a", [0]),
    ev.TasksCancelled(0.5, "b", [3, 4], "too many failed: 2 of 5"),
    ev.TasksCancelled(0.5, "b", [3], "", True),
    ev.InputsLost(0.5, "b", 3, ("a",), False),
    ev.TaskLogged(0.5, "b", 3, 1, "hello\nwörld"),
    ev.CodeMissed(0.5, "b", 3, ("lib/helper.py",)),
    ev.Published(0.6, "b", "out/b.csv"),
    ev.StepFinished(0.6, "b", "succeeded"),
    ev.HookEnded(0.7, "on_success", "m:tell", None, "told"),
    ev.HookEnded(0.7, "on_failure", "m:tell", ERROR),
    *HOOKS,
    ev.RunFinished(0.7, "succeeded"),
]


def plain(event: Any) -> Any:
    items = getattr(event, "items", None)
    return event._replace(items=list(items)) if isinstance(items, (range, list, tuple)) else event


def test_every_kind_of_event_is_here() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(ev.Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_events_come_back(event: Any) -> None:
    text = json.dumps(encode(event))
    found = decode(json.loads(text))
    assert type(found) is type(event)
    assert plain(found) == plain(event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_events_fit_the_schema(event: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    line = json.loads(json.dumps(encode(event)))
    assert not list(validator.iter_errors(line))
    for broken in ({**line, "v": 2}, {**line, "event": "nonsense"}, {**line, "at": "now"}):
        assert list(validator.iter_errors(broken))


def test_the_schema_is_kept_up_to_date() -> None:
    text = json.dumps(events_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("PRUN_RENEW_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8", newline="\n")
    assert text == SCHEMA.read_text(encoding="utf-8"), "PRUN_RENEW_GOLDEN=1 writes it anew"


def test_many_items_are_short() -> None:
    reused = ev.TasksReused(0.0, "f", range(100_000), 1.0)
    assert len(json.dumps(encode(reused))) < 150
    assert decode(encode(reused)) == reused
    assert ranges([0, 1, 2, 7, 9, 10]) == [[0, 3], [7, 8], [9, 11]]
    assert ranges([]) == []
    assert ranges(range(0)) == []


def test_what_is_not_known_is_left_out() -> None:
    assert decode({"v": 1, "event": "invented", "at": 0}) is None
    assert decode({"v": 2, "event": "run_finished", "at": 0, "status": "failed"}) is None
    more = {**encode(EVENTS[-1]), "invented": 1}
    assert read_events([more, "nonsense", 3]) == [EVENTS[-1]]


def test_a_file_of_events(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = EventFile(str(path))
    for event in EVENTS:
        file(event)
        assert path.read_text().count("\n") == EVENTS.index(event) + 1, "each at once"
    file.close()
    file(EVENTS[0])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["started"] > 1e9
    assert [plain(e) for e in read_events(lines)] == [plain(e) for e in EVENTS]
    with pytest.raises(PrunError, match="cannot write"):
        EventFile(str(tmp_path / "no" / "file"))


class Runs:
    def __init__(self) -> None:
        self.written: list[list[Any]] = []

    def append_lines(self, run_id: str, name: str, lines: Any) -> None:
        assert (run_id, name) == ("r1", "events")
        self.written.append(list(lines))


def test_the_record_is_written_in_bulk_and_holds_no_logs() -> None:
    runs, now = Runs(), [0.0]
    record = EventRecord(runs, "r1", lambda: now[0])  # type: ignore[arg-type]
    for event in EVENTS[:-1]:
        record(event)
    assert runs.written == []
    now[0] = 5.0
    record(EVENTS[1])
    assert len(runs.written) == 1
    record(EVENTS[-1])
    assert [line["event"] for line in runs.written[1]] == ["run_finished"]
    assert "task_logged" not in {line["event"] for line in runs.written[0]}


def test_keys_of_many_items_are_recorded_as_one_text(tmp_path: Path) -> None:
    runs = Store.open("store", str(tmp_path)).runs
    run = new_run_id(1.7e9)
    record = EventRecord(runs, run)
    events: list[Any] = [
        ev.StepExpanded(0.1, "a", 1, None),
        ev.StepExpanded(0.1, "b", 3, ["0", "x\\n", "ü"]),
        ev.StepExpanded(0.1, "c", 2, ["one\nline", "another"]),
        ev.StepExpanded(0.1, "d", 0, []),
        ev.RunFinished(0.2, "succeeded"),
    ]
    for event in events:
        record(event)
    lines = runs.read_lines(run, "events")
    assert [line["keys"] for line in lines[:-1]] == [None, "0\nx\\n\nü", ["one\nline", "another"], []]
    assert read_events(lines) == events

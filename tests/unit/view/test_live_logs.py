"""What tasks print, with their names, while they run: each line once."""

from __future__ import annotations

from pipeline_runner.model.event import RunStarted, StepExpanded, TaskLogged
from pipeline_runner.view.messages import NORMAL, VERBOSE
from pipeline_runner.view.plain import Plain

from .runs import mixed


def view(lines: list[str], *, logs: bool = True, level: int = NORMAL) -> Plain:
    found = Plain(lines.append, level=level)
    found.messages.logs = logs or level == VERBOSE
    found(RunStarted(0.0, "r1", "demo", ("a",), "loky", 2))
    found(StepExpanded(0.1, "a", 2, ["x", "y"]))
    return found


def test_whole_lines_as_they_come_and_the_rest_at_the_end() -> None:
    lines: list[str] = []
    plain = view(lines)
    plain.printed("a[x]", "one\ntw")
    assert lines == ["a[x] | one"]
    plain.printed("a[y]", "other\n")
    plain.printed("a[x]", "one\ntwo\nthree")
    plain(TaskLogged(1.0, "a", 0, 1, "one\ntwo\nthree\nfour\n"))
    plain(TaskLogged(1.0, "a", 1, 1, "other\n"))
    assert lines == ["a[x] | one", "a[y] | other", "a[x] | two", "a[x] | three", "a[x] | four"]


def test_another_attempt_begins_anew() -> None:
    lines: list[str] = []
    plain = view(lines)
    plain.printed("a[x]", "one\ntwo\n")
    plain(TaskLogged(1.0, "a", 0, 1, "one\ntwo\n"))
    plain.printed("a[x]", "one\n")
    plain(TaskLogged(2.0, "a", 0, 2, "one\nthree\n"))
    assert lines == [f"a[x] | {word}" for word in ("one", "two", "one", "three")]


def test_only_when_asked_for_and_harmless() -> None:
    lines: list[str] = []
    plain = view(lines, logs=False)
    plain(TaskLogged(1.0, "a", 0, 1, "one\n"))
    assert lines == []
    for level in (NORMAL, VERBOSE):
        lines.clear()
        plain = view(lines, level=level)
        plain.printed("a[x]", "a \x1b[2Jtrick\n")
        plain(TaskLogged(1.0, "a", 0, 1, "a \x1b[2Jtrick\nand \x07more\n"))
        assert lines[-2:] == ["a[x] | a trick", "a[x] | and ?more"]


def test_of_a_progress_bar_its_last_state() -> None:
    lines: list[str] = []
    plain = view(lines)
    plain(TaskLogged(1.0, "a", 0, 1, "\r 10%|#   \r 50%|##  \r100%|####\ndone\r\n"))
    assert lines == ["a[x] | 100%|####", "a[x] | done"]


def test_a_long_log_that_was_shortened_in_its_middle_goes_on() -> None:
    lines: list[str] = []
    plain = view(lines)
    numbered = [f"line {i}\n" for i in range(2000)]
    plain.printed("a[x]", "".join(numbered[:1000]))
    plain.printed("a[x]", "".join(numbered[:10]) + "... left out ...\n" + "".join(numbered[500:1002]))
    assert lines[-3:] == ["a[x] | line 999", "a[x] | line 1000", "a[x] | line 1001"]


def test_beside_progress(golden: object) -> None:
    lines: list[str] = []
    plain = Plain(lines.append)
    plain.messages.logs = True
    for event in mixed():
        plain(event)
    assert "load | read 12 rows" in lines
    assert lines[-2].startswith("9 tasks")

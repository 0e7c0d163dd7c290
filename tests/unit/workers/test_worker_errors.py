"""Exceptions as data: one line, the user's frames, class names for ``retry.on``."""

from __future__ import annotations

from worker_kit import Kit, failure

from pipeline_runner.model.outcome import ErrorInfo


def raised(kit: Kit, text: str, **args: object) -> ErrorInfo:
    kit.module(text)
    return failure(kit.call(**args)).error


def test_message_place_and_classes(kit: Kit) -> None:
    error = raised(
        kit,
        """
        class NoRows(ValueError): pass

        def helper():
            raise NoRows("no rows\\nat all")

        def run():
            helper()
        """,
    )
    assert error.kind == "exception"
    assert error.message == "work.NoRows: no rows ..."
    assert error.where == ("work.py", 5, "helper")
    assert error.types[:4] == ("NoRows", "work.NoRows", "ValueError", "builtins.ValueError")


def test_the_traceback_shows_the_users_frames_alone(kit: Kit) -> None:
    error = raised(kit, "import json\ndef run():\n    json.loads('{')")
    lines = [line for line in error.traceback.splitlines() if line.startswith("  File")]
    assert "work.py" in lines[0]
    assert "json" in lines[1]
    assert "pipeline_runner" not in error.traceback
    assert "json.loads('{')" in error.traceback
    assert error.where == ("work.py", 3, "run")


def test_causes_and_notes_are_included(kit: Kit) -> None:
    error = raised(
        kit,
        """
        def run():
            try:
                1 / 0
            except ZeroDivisionError as exc:
                problem = ValueError("wrapped")
                problem.add_note("look at the divisor")
                raise problem from exc
        """,
    )
    assert error.message == "ValueError: wrapped"
    assert "ZeroDivisionError: division by zero" in error.traceback
    assert "look at the divisor" in error.traceback


def test_groups_show_what_is_in_them(kit: Kit) -> None:
    error = raised(kit, "def run():\n    raise ExceptionGroup('both', [ValueError('a'), KeyError('b')])")
    assert error.message == "ExceptionGroup: both (2 sub-exceptions)"
    assert "ValueError: a" in error.traceback
    assert "KeyError: 'b'" in error.traceback


def test_an_exception_without_a_text(kit: Kit) -> None:
    assert raised(kit, "def run():\n    assert False").message == "AssertionError"


def test_a_text_that_cannot_be_made(kit: Kit) -> None:
    error = raised(
        kit,
        """
        class Mute(Exception):
            def __str__(self): raise SystemExit
        def run(): raise Mute
        """,
    )
    assert error.message.startswith("work.Mute: <its text cannot be made")


def test_a_wrong_call_has_no_frames_of_ours(kit: Kit) -> None:
    error = raised(kit, "def run(a): pass", b=1)
    assert error.message == "TypeError: run() got an unexpected keyword argument 'b'"
    assert "File" not in error.traceback


def test_long_runs_of_library_frames_are_shortened(kit: Kit) -> None:
    error = raised(
        kit,
        """
        import copy
        class Deep:
            def __init__(self, inner): self.inner = inner
        class Bad:
            def __deepcopy__(self, memo): raise ValueError("deep")
        def run():
            value = Bad()
            for _ in range(20):
                value = [value]
            copy.deepcopy(value)
        """,
    )
    assert "frames of libraries ..." in error.traceback
    assert error.traceback.count("copy.py") < 15
    assert "ValueError: deep" in error.traceback


def test_endless_recursion_stays_readable(kit: Kit) -> None:
    error = raised(kit, "def run(): return run()")
    assert error.message.startswith("RecursionError: maximum recursion depth")
    assert "Previous line repeated" in error.traceback
    assert len(error.traceback) < 3000


def test_a_long_message_is_cut(kit: Kit) -> None:
    assert len(raised(kit, "def run(): raise ValueError('x' * 5000)").message) == 500

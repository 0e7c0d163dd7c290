"""run_batch: what a task returns, raises and prints, and what becomes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from worker_kit import Kit, failure

from pipeline_runner.model.bound import Inline, Secret
from pipeline_runner.model.outcome import InputLost, Succeeded
from pipeline_runner.workers import stores


def test_the_result_is_stored_and_its_entry_committed(kit: Kit) -> None:
    kit.module("def run(x): return {'twice': x * 2}")
    task = kit.task(x=21)
    [outcome] = kit.run(kit.job(), task)
    assert kit.value(outcome) == {"twice": 42}
    assert kit.committed(task) == [True]
    assert isinstance(outcome, Succeeded)
    assert (outcome.entry.key, outcome.entry.task, outcome.entry.run) == (task.key, "step[0]", "run-1")


def test_a_batch_gives_an_outcome_for_each_task_in_order(kit: Kit) -> None:
    kit.module(
        """
        def run(x):
            if x == 1:
                raise ValueError("one")
            return x
        """
    )
    tasks = [kit.task(i, x=i) for i in range(3)]
    outcomes = kit.run(kit.job(), *tasks)
    assert [type(o).__name__ for o in outcomes] == ["Succeeded", "Failed", "Succeeded"]
    assert kit.committed(*tasks) == [True, False, True]


def test_the_entries_of_a_long_batch_are_committed_on_the_way(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.module("import sys\ndef run(x):\n    sys.modules['builtins'].seen(x)\n    return x")
    monkeypatch.setattr("pipeline_runner.workers.task.FLUSH_EVERY", 0.0)
    tasks = [kit.task(i, x=i) for i in range(3)]
    seen: list[list[bool]] = []
    monkeypatch.setattr("builtins.seen", lambda x: seen.append(kit.committed(*tasks)), raising=False)
    kit.run(kit.job(), *tasks)
    assert seen == [[False, False, False], [True, False, False], [True, True, False]]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("work:Model.fit_all", "fit"),
        ("work:Model.static", "static"),
        ("work:bound", "method of 3"),
        ("work:partial", "partial"),
        ("work:Row", {"a": 1}),
    ],
)
def test_callables_of_every_kind(kit: Kit, call: str, value: object) -> None:
    kit.module(
        """
        import functools

        class Model:
            def __init__(self, n=3): self.n = n
            @classmethod
            def fit_all(cls): return "fit"
            @staticmethod
            def static(): return "static"
            def method(self): return f"method of {self.n}"

        class Row(dict):
            def __new__(cls): return {"a": 1}

        def named(what): return what
        bound = Model().method
        partial = functools.partial(named, "partial")
        """
    )
    assert kit.value(kit.run(kit.job(call))[0]) == value


def test_a_callable_that_is_not_there_is_named(kit: Kit) -> None:
    kit.module("x = 1")
    error = failure(kit.call("nothing")).error
    assert "work has no 'nothing'" in error.message
    assert "AttributeError" in error.types
    assert "not callable" in failure(kit.call("x")).error.message


def test_a_module_that_cannot_be_imported_fails_the_task(kit: Kit) -> None:
    kit.module("import no_such_library\ndef run(): pass")
    error = failure(kit.call()).error
    assert error.message == "ModuleNotFoundError: No module named 'no_such_library'"
    assert error.where == ("work.py", 1, "<module>")
    kit.module("def run(:\n", "broken")
    error = failure(kit.run(kit.job("broken:run"))[0]).error
    assert error.message.startswith("SyntaxError")
    assert error.where == ("broken.py", 1, "")


@pytest.mark.parametrize(
    "statement",
    [
        "raise SystemExit(3)",
        "raise KeyboardInterrupt",
        "raise BaseException('odd')",
        "return run()",
        "raise Unpicklable(1, 2)",
        "raise Mute()",
        "raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])",
    ],
)
def test_whatever_is_raised_is_a_failure(kit: Kit, statement: str) -> None:
    kit.module(
        f"""
        class Unpicklable(Exception):
            def __init__(self, a, b):
                super().__init__(a)
                self.handle = open(__file__)
        class Mute(Exception):
            def __str__(self): raise RuntimeError("no text")
        def run():
            {statement}
        """
    )
    task = kit.task()
    [outcome] = kit.run(kit.job(), task)
    error = failure(outcome).error
    assert error.kind == "exception"
    assert error.message
    assert "BaseException" in error.types
    assert kit.committed(task) == [False]


@pytest.mark.parametrize(
    ("body", "what", "hint"),
    [
        ("yield 1", "a generator", "return a list"),
        ("return (x for x in [1])", "a generator", "return a list"),
        ("return map(str, [1])", "a map iterator", "return a list"),
        ("async def f(): pass\n    return f()", "a coroutine", "asyncio.run"),
    ],
)
def test_lazy_results_are_refused(kit: Kit, body: str, what: str, hint: str) -> None:
    kit.module(f"def run():\n    {body}")
    error = failure(kit.call()).error
    assert (error.kind, error.message) == ("output", f"returned {what}")
    assert hint in error.hint


def test_a_result_that_cannot_be_stored_says_what_it_is(kit: Kit) -> None:
    kit.module("def run(): return {'rows': [1, lambda x: x]}")
    error = failure(kit.call()).error
    assert error.kind == "output"
    assert "function" in error.message


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ("{'a': 1, 'b': 2}", [1, 2]),
        ("(1, 2)", [1, 2]),
        ("[1, 2]", [1, 2]),
    ],
)
def test_declared_outputs_by_name_or_in_order(kit: Kit, result: str, values: list[int]) -> None:
    kit.module(f"def run(): return {result}")
    [outcome] = kit.run(kit.job(outputs=("a", "b")))
    assert [kit.value(outcome, "a"), kit.value(outcome, "b")] == values


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("{'a': 1}", "has no 'b'"),
        ("(1, 2, 3)", "returned 3 values"),
        ("None", "returned None"),
        ("5", "a value of type int"),
    ],
)
def test_results_that_do_not_fit_the_declared_outputs(kit: Kit, result: str, message: str) -> None:
    kit.module(f"def run(): return {result}")
    error = failure(kit.run(kit.job(outputs=("a", "b")))[0]).error
    assert error.kind == "output"
    assert message in error.message


def test_a_single_declared_output(kit: Kit) -> None:
    kit.module("def run(x): return x")
    job = kit.job(outputs=("m",))
    by_name, in_order, other, listed = kit.run(
        job,
        kit.task(x={"m": 1}),
        kit.task(x=(2,)),
        kit.task(x={"n": 1}),
        kit.task(x=[3]),
    )
    assert kit.value(by_name, "m") == 1
    assert kit.value(in_order, "m") == 2
    assert "drop `outputs`" in failure(other).error.hint
    assert "a list of 1" in failure(listed).error.message


def test_checks(kit: Kit) -> None:
    kit.module(
        """
        import numpy
        def run(x): return x
        def yes(value): return None
        def no(value): return False
        def numpy_no(value): return numpy.bool_(False)
        def zero(value): return 0
        def raises(value): raise ValueError(f"bad {value}")
        def spoils(value): value.append("spoiled")
        """
    )

    def check(call: str) -> object:
        return kit.run(kit.job(check={"": f"work:{call}"}), kit.task(x=[1]))[0]

    assert kit.value(check("yes")) == [1]
    assert kit.value(check("zero")) == [1]
    assert kit.value(check("spoils")) == [1]
    for call in ("no", "numpy_no"):
        error = failure(check(call)).error
        assert (error.kind, error.message) == ("check", f"check work:{call} returned False")
    error = failure(check("raises")).error
    assert error.message == "check work:raises failed: ValueError: bad [1]"
    assert "ValueError" in error.types


def test_a_check_of_one_output_names_it(kit: Kit) -> None:
    kit.module(
        "def run(): return 1, 2\ndef small(v): return v < 2\ndef both(v): return v == {'a': 1, 'b': 2}"
    )
    [outcome] = kit.run(kit.job(outputs=("a", "b"), check={"b": "work:small", "": "work:both"}))
    assert failure(outcome).error.message == "check work:small of output b returned False"


def test_a_mutated_input_harms_no_other_task(kit: Kit) -> None:
    kit.module("def run(xs, ys):\n    xs.append(1)\n    ys.append(1)\n    return xs + ys")
    tasks = [kit.task(0, ys=[2]), kit.task(1, ys=[2])]
    shared = {"xs": kit.stored([0])}
    assert [kit.value(o) for o in kit.run(kit.job(args=shared), *tasks)] == [[0, 1, 2, 1]] * 2
    again = [kit.value(o) for o in kit.run(kit.job(args={"xs": Inline("", [0])}), *tasks)]
    assert again == [[0, 1, 2, 1]] * 2


def test_lost_inputs_are_not_the_tasks_fault(kit: Kit) -> None:
    kit.module("def run(a, b): return 1")
    lost = [kit.stored(b"x" * 100_000), kit.stored(b"y" * 100_000)]
    for stored in lost:
        blob = stored.artifact.blob
        assert blob
        [path] = [p for p in (kit.root / ".prun" / "blobs").rglob("*") if p.name == blob]
        path.unlink()
    outcome = kit.call(a=lost[0], b=lost[1])
    assert outcome == InputLost(tuple(s.artifact.blob or "" for s in lost), False)


def test_a_failing_store_fails_the_tasks_of_the_batch(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.module("def run(x): return x")

    def full(self: object, entries: object, replace: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores.WorkerStore, "commit", full)
    for outcome in kit.run(kit.job(), kit.task(x=1), kit.task(x=2)):
        error = failure(outcome).error
        assert error.kind == "output"
        assert "No space left on device" in error.message
        assert "OSError" in error.types


def test_code_edited_after_planning_is_never_committed(kit: Kit) -> None:
    from pipeline_runner.keys.digest import digest

    path = kit.module("def run(): return 1")
    planned = {str(path): digest(path.read_bytes())}
    task = kit.task()
    assert isinstance(kit.run(kit.job(sources=planned), task)[0], Succeeded)
    kit.module("def run(): return 2")
    task = kit.task()
    error = failure(kit.run(kit.job(sources=planned), task)[0]).error
    assert error.kind == "code-changed"
    assert "work.py" in error.message
    assert kit.committed(task) == [False]


def test_secrets_are_given_and_masked(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "hunter22")
    (kit.root / "key.txt").write_text("from'file\n")
    kit.module(
        """
        def run(token, key):
            assert (token, key) == ("hunter22", "from'file"), (token, key)
            raise ValueError(f"cannot log in with {token} and {key!r}")
        """
    )
    secrets = {"TOKEN": "env:MY_TOKEN", "KEY": "file:key.txt"}
    args = {"token": Secret("TOKEN", "env:MY_TOKEN"), "key": Secret("KEY", "file:key.txt")}
    error = failure(kit.run(kit.job(secrets=secrets, args=args))[0]).error
    assert error.message == 'ValueError: cannot log in with *** and "***"'
    assert "hunter22" not in repr(error)
    assert "from'file" not in error.traceback


def test_secrets_that_cannot_be_used(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.module("def run(**secrets): return 1")
    monkeypatch.setenv("SHORT", "abc")
    monkeypatch.delenv("UNSET", raising=False)
    error = failure(kit.run(kit.job(secrets={"S": "env:SHORT"}))[0]).error
    assert (error.kind, error.message) == ("input", "secret S is shorter than 4 characters")
    assert "abc" not in error.message
    monkeypatch.setenv("BLANK", " \t  ")
    error = failure(kit.run(kit.job(secrets={"S": "env:BLANK"}))[0]).error
    assert (error.kind, error.message) == ("input", "secret S is white space alone")
    error = failure(kit.run(kit.job(args={"s": Secret("S", "env:UNSET")}))[0]).error
    assert error.message == "secret S: the environment variable UNSET is not set"
    assert isinstance(kit.run(kit.job(secrets={"S": "env:UNSET"}))[0], Succeeded)


def test_a_list_is_split_into_its_elements(kit: Kit) -> None:
    job = kit.job(kind="split", args={"value": kit.stored([{"a": 1}, "x", None])})
    [outcome] = kit.run(job)
    assert isinstance(outcome, Succeeded)
    assert list(outcome.entry.outputs) == ["0", "1", "2"]
    assert kit.value(outcome, "0") == {"a": 1}
    error = failure(kit.run(kit.job(kind="split"), kit.task(value={"a": 1}))[0]).error
    assert "needs a list, not a value of type dict" in error.message


def test_a_value_is_rendered_as_a_file(kit: Kit) -> None:
    [outcome] = kit.run(kit.job(".json", kind="render"), kit.task(value={"a": [1, 2]}))
    path = kit.value(outcome)
    assert Path(path).read_text() == '{\n  "a": [\n    1,\n    2\n  ]\n}\n'
    error = failure(kit.run(kit.job(".docx", kind="render"), kit.task(value=1))[0]).error
    assert (error.kind, error.hint) == ("publish", "known: .json .csv .parquet .npy .pkl")


def test_tasks_run_in_the_projects_folder(kit: Kit, tmp_path: Path) -> None:
    kit.module("import os\ndef run(x):\n    here = os.getcwd()\n    os.chdir(x)\n    return here")
    before = os.getcwd()
    try:
        outcomes = kit.run(kit.job(), kit.task(x=str(tmp_path)), kit.task(x=str(tmp_path)))
    finally:
        os.chdir(before)
    assert [kit.value(o) for o in outcomes] == [str(kit.root)] * 2

"""What every pool promises, and what each alone does."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import connection
from pathlib import Path

import joblib_backends  # noqa: F401 (registers the strange ones)
import pytest
from worker_kit import Kit, answers, failure, one

from pipeline_runner.engine.ports import Pool
from pipeline_runner.errors import PrunError
from pipeline_runner.model.bound import Stored
from pipeline_runner.model.outcome import NotRun, Succeeded
from pipeline_runner.workers import loky_pool, streams
from pipeline_runner.workers.loky_pool import LokyPool
from pipeline_runner.workers.pools import open_pool

BACKENDS = ("loky", "threading", "sequential", "multiprocessing", "strange-threads", "strange-processes")
KILLS = ("loky", "multiprocessing")

WORK = """
    import os, sys, time

    def double(x): return x * 2
    def fail(x): raise ValueError(f"bad {x}")
    def leave(): raise SystemExit(4)
    def here(): return os.getcwd(), os.path.abspath(__file__)
    def say(x):
        print("out", x)
        print("err", x, file=sys.stderr)
        return x
    def nap(seconds):
        time.sleep(seconds)
        return seconds
    def wander():
        os.chdir("/")
        return 1
"""


@pytest.fixture(scope="module", params=BACKENDS)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pool, Kit]]:
    """One pool for many tests: starting workers takes a while."""
    kit = Kit(tmp_path_factory.mktemp(request.param) / "project")
    kit.module(WORK)
    pool = open_pool(request.param, 2, kit.project)
    yield pool, kit
    pool.close()


def test_every_ticket_is_answered_once(shared: tuple[Pool, Kit]) -> None:
    pool, kit = shared
    got: dict[int, int] = {}
    for ticket in range(5):
        while not pool.free():
            got.update((t, len(o)) for t, o in answers(pool).items())
        pool.submit(ticket, kit.job("double"), [kit.task(i, x=i) for i in range(ticket + 1)])
    got.update((t, len(o)) for t, o in answers(pool, 5 - len(got)).items())
    assert got == {0: 1, 1: 2, 2: 3, 3: 4, 4: 5}
    assert pool.wait(0) == []


def test_no_more_worker_processes_than_the_system_can_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loky_pool, "_MOST", 2)
    kit = Kit(tmp_path / "project")
    kit.module(WORK)
    with LokyPool(100, kit.project) as pool:
        assert pool.free() == 2
        for ticket in range(2):
            pool.submit(ticket, kit.job("double"), [kit.task(x=ticket)])
        assert pool.free() == 0
        assert sorted(answers(pool, 2)) == [0, 1]


def test_a_signal_that_wakes_a_wait_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, woken = connection.wait, []

    def wakes(pipes, seconds):  # as Windows does at Ctrl-C, elsewhere Python waits on
        if not woken:
            woken.append(seconds)
            raise InterruptedError(errno.EINTR, "Interrupted function call")
        return real(pipes, seconds)

    monkeypatch.setattr(connection, "wait", wakes)
    monkeypatch.delattr(select, "poll", raising=False)
    kit = Kit(tmp_path / "project")
    kit.module(WORK)
    with LokyPool(1, kit.project) as pool:
        assert kit.value(one(pool, kit.job("double"), kit.task(x=2))) == 4
    assert woken


def test_values_and_failures(shared: tuple[Pool, Kit]) -> None:
    pool, kit = shared
    assert kit.value(one(pool, kit.job("double"), kit.task(x=[4]))) == [4, 4]
    assert failure(one(pool, kit.job("fail"), kit.task(x=1))).error.message == "ValueError: bad 1"
    assert failure(one(pool, kit.job("leave"), kit.task())).error.types[0] == "SystemExit"


def test_output_is_captured_for_each_task(shared: tuple[Pool, Kit]) -> None:
    pool, kit = shared
    pool.submit(1, kit.job("say"), [kit.task(x="a"), kit.task(x="b")])
    first, second = answers(pool)[1]
    assert "out a\n" in first.log
    assert "err a\n" in first.log
    assert "b" not in first.log.split()
    assert "out b\n" in second.log
    assert "out a" not in second.log


def test_tasks_run_in_the_projects_folder_and_leave_it_as_it_was(shared: tuple[Pool, Kit]) -> None:
    pool, kit = shared
    one(pool, kit.job("wander"), kit.task())
    pool.submit(1, kit.job("here"), [kit.task(), kit.task()])
    expected = (str(kit.root), str(kit.root / "work.py"))
    assert [kit.value(o) for o in answers(pool)[1]] == [expected] * 2


def test_secrets_are_masked_in_what_a_task_prints(shared: tuple[Pool, Kit], tmp_path: Path) -> None:
    pool, kit = shared
    key = tmp_path / "key"
    key.write_text("sesame-1234\n")
    outcome = one(pool, kit.job("say", secrets={"KEY": f"file:{key}"}), kit.task(x="sesame-1234"))
    assert "out ***" in outcome.log
    assert "sesame" not in outcome.log


def test_waiting_for_nothing(shared: tuple[Pool, Kit]) -> None:
    pool, _ = shared
    assert pool.wait(None) == []
    before = time.monotonic()
    assert pool.wait(0.05) == []
    assert time.monotonic() - before >= 0.04


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stopped_pool_answers_everything(kit: Kit, backend: str) -> None:
    kit.module(WORK)
    pool = open_pool(backend, 2, kit.project)
    try:
        tickets = range(pool.free())
        for ticket in tickets:
            pool.submit(ticket, kit.job("nap"), [kit.task(seconds=30 if backend in KILLS else 0.5)])
        if backend != "sequential":
            assert pool.wait(0.01) == []
        pool.stop(0.0)
        found = answers(pool, len(tickets), 10)
        for outcomes in found.values():
            [outcome] = outcomes
            assert isinstance(outcome, NotRun)
            assert outcome.error is not None
            assert outcome.error.kind == "cancelled"
    finally:
        pool.close()


@pytest.mark.parametrize("backend", [backend for backend in BACKENDS if backend != "sequential"])
def test_grace_lets_running_tasks_end(kit: Kit, backend: str) -> None:
    kit.module(WORK)
    with open_pool(backend, 1, kit.project) as pool:  # type: ignore[attr-defined]
        pool.submit(1, kit.job("nap"), [kit.task(seconds=0.2)])
        pool.stop(30.0)
        assert isinstance(answers(pool)[1][0], Succeeded)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_left_of_a_closed_pool(
    kit: Kit, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    kit.module(WORK)
    end = time.monotonic() + 20
    while streams._users and time.monotonic() < end:  # a thread that another test gave up
        time.sleep(0.01)
    path, modules, before = sys.path[:], set(sys.modules), (sys.stdout, sys.stderr)
    cwd, environ = os.getcwd(), dict(os.environ)
    pool = open_pool(backend, 2, kit.project)
    assert kit.value(one(pool, kit.job("double"), kit.task(x=1))) == 2
    pool.close()
    pool.close()
    assert list(temporary.iterdir()) == []
    assert sys.path == path
    assert "work" not in set(sys.modules) - modules
    assert (sys.stdout, sys.stderr) == before
    assert os.getcwd() == cwd
    assert dict(os.environ) == environ


def test_an_interrupt_goes_through_the_sequential_pool_and_the_ticket_is_answered(kit: Kit) -> None:
    kit.module("def run(): raise KeyboardInterrupt")
    with open_pool("sequential", 1, kit.project) as pool:  # type: ignore[attr-defined]
        pool.submit(7, kit.job(), [kit.task()])
        with pytest.raises(KeyboardInterrupt):
            pool.wait(None)
        [done] = pool.wait(0)
        assert done.ticket == 7
        assert isinstance(done.outcomes[0], NotRun)


def test_an_interrupt_keeps_what_the_batch_had_finished(kit: Kit) -> None:
    kit.module("def run(x):\n    if x: raise KeyboardInterrupt\n    return x")
    with open_pool("sequential", 1, kit.project) as pool:  # type: ignore[attr-defined]
        tasks = [kit.task(x=0), kit.task(x=1)]
        pool.submit(7, kit.job(), tasks)
        with pytest.raises(KeyboardInterrupt):
            pool.wait(None)
    assert kit.committed(*tasks) == [True, False]


def test_a_thread_that_was_given_up_stores_nothing(kit: Kit) -> None:
    root = str(kit.root)
    kit.module(
        f"""
        import time
        from pathlib import Path
        def run():
            Path({root!r}, "begun").touch()
            while not Path({root!r}, "go").exists():
                time.sleep(0.01)
            return 1
        """
    )
    task = kit.task()
    with open_pool("threading", 1, kit.project) as pool:  # type: ignore[attr-defined]
        pool.submit(1, kit.job(), [task])
        while not (kit.root / "begun").exists():
            time.sleep(0.01)
        pool.stop(0.0)
        [done] = pool.wait(5.0)
        assert isinstance(done.outcomes[0], NotRun)
        [thread] = pool._threads
    (kit.root / "go").touch()
    pool._work.put(None)
    thread.join(20)
    assert not thread.is_alive()
    assert kit.committed(task) == [False]


def test_a_worker_that_is_expected_is_the_one_that_gets_the_first_batch(kit: Kit) -> None:
    kit.module("import os\ndef run(): return os.getpid()")
    with open_pool("loky", 2, kit.project) as pool:  # type: ignore[attr-defined]
        pool.expect()
        pool.expect()
        [pid] = [slot._process.pid for slot in pool._slots if slot.started]
        assert kit.value(one(pool, kit.job(), kit.task())) == pid


def test_a_worker_that_died_before_its_first_batch_is_replaced(kit: Kit) -> None:
    kit.module("import os\ndef run(): return os.getpid()")
    with open_pool("loky", 1, kit.project) as pool:  # type: ignore[attr-defined]
        pool.expect()
        [slot] = pool._slots
        pid = slot._process.pid
        os.kill(pid, signal.SIGTERM)
        assert slot._process.wait(5.0) is not None
        assert kit.value(one(pool, kit.job(), kit.task())) != pid


def test_idle_workers_end_when_no_more_batches_come(kit: Kit) -> None:
    kit.module("import os\ndef run(): return os.getpid()")
    with open_pool("loky", 2, kit.project) as pool:  # type: ignore[attr-defined]
        one(pool, kit.job(), kit.task())
        [slot] = [slot for slot in pool._slots if slot.started]
        assert slot._process.wait(0.1) is None
        pool.retire()
        assert slot._process.wait(20.0) == 0


def test_workers_tell_each_other_which_large_results_are_whole(kit: Kit) -> None:
    kit.module("import numpy\ndef run(): return numpy.arange(3_000_000)\ndef total(a): return int(a.sum())")
    with open_pool("loky", 2, kit.project) as pool:  # type: ignore[attr-defined]
        made = one(pool, kit.job(), kit.task())
        assert isinstance(made, Succeeded)
        [artifact] = made.entry.outputs.values()
        [note] = Path(pool._scratch.path).glob("proved-*")
        assert note.name == f"proved-{artifact.blob}"
        for ticket in (1, 2):
            pool.submit(ticket, kit.job("total"), [kit.task(a=Stored(artifact.digest, artifact))])
        found = answers(pool, 2)
    assert {kit.value(found[t][0]) for t in (1, 2)} == {3_000_000 * 2_999_999 // 2}


@pytest.mark.parametrize(("backend", "message"), [("dask", "not built yet"), ("lokky", "no backend 'lokky'")])
def test_unknown_backends(kit: Kit, backend: str, message: str) -> None:
    with pytest.raises(PrunError, match=message) as caught:
        open_pool(backend, 1, kit.project)
    assert caught.value.problems[0].hint.startswith("there are: loky, threading, sequential, multiprocessing")


def test_loky_is_imported_only_when_processes_are_needed() -> None:
    import subprocess

    code = (
        "import sys\n"
        "from pipeline_runner.workers.pools import open_pool\n"
        "from pipeline_runner.model.work import Project\n"
        "open_pool('sequential', 1, Project('.', ('.',)))\n"
        "sys.exit(any(m in sys.modules for m in ('joblib', 'loky', 'numpy', 'fsspec', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_python_code_of_the_sequential_pool_is_stopped(kit: Kit) -> None:
    kit.module(
        """
        import time
        def spin():
            while True:
                pass
        def stubborn():
            while True:
                try:
                    time.sleep(1000)
                except BaseException as exc:
                    if len(caught) == 1: raise
                    caught.append(exc)
        caught = []
        """
    )
    before = signal.getsignal(signal.SIGALRM)
    with open_pool("sequential", 1, kit.project) as pool:  # type: ignore[attr-defined]
        for call in ("spin", "stubborn"):
            error = failure(one(pool, kit.job(call, timeout=0.1), kit.task())).error
            assert (error.kind, error.message) == ("timeout", "timed out after 100ms")
            assert error.types == ("timeout", "TimeoutError")
            assert error.where is not None
            assert error.where[2] == call
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

"""Other backends of joblib: what is the run's alone is looked after, and others may fail as they like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import joblib_backends
import pytest
from worker_kit import Kit, answers, failure, one

from pipeline_runner.errors import PrunError
from pipeline_runner.model.outcome import NotRun, Succeeded
from pipeline_runner.workers import joblib_backend, joblib_pool, joblib_worker, pools
from pipeline_runner.workers.joblib_pool import JoblibPool
from pipeline_runner.workers.listening import printing
from pipeline_runner.workers.pools import backend_problem, backend_traits, open_pool

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")

WORK = """
    import os, signal, subprocess, sys, threading, time
    from pathlib import Path

    def double(x): return x * 2
    def nap(seconds):
        time.sleep(seconds)
        return seconds
    def pid(): return os.getpid()
    def die(x=1):
        print("so long", flush=True)
        if x: os.kill(os.getpid(), signal.SIGKILL)
        return x
    def variable(): return os.environ.get("PRUN_TEST")
    def child(path):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(path).write_text(str(process.pid))
        process.wait()
    def leave():
        threading.Thread(target=time.sleep, args=(600,)).start()
        return os.getpid()
    def talk(path):
        print("half a word", flush=True)
        while not os.path.exists(path): time.sleep(0.01)
    def shout():
        os.write(1, b"from C\\n")
        subprocess.run([sys.executable, "-c", "print('from a child')"])
    class Sneaky:
        def __reduce__(self): return note, (os.environ["SNEAKY"],)
    def note(path):
        with open(path, "a") as file: file.write(f"{os.getpid()} ")
    def sneak(): return Sneaky()
"""


@pytest.fixture
def work(kit: Kit) -> Kit:
    kit.module(WORK)
    return kit


def opened(kit: Kit, name: str, workers: int = 2) -> JoblibPool:
    pool = open_pool(name, workers, kit.project)
    assert isinstance(pool, JoblibPool)
    return pool


@pytest.fixture
def pool(work: Kit) -> Iterator[JoblibPool]:
    with opened(work, "multiprocessing") as pool:
        yield pool


# ---- multiprocessing -----------------------------------------------------------------------------


@posix
def test_a_worker_that_dies_is_told_and_its_neighbour_notices_nothing(work: Kit, pool: JoblibPool) -> None:
    pool.submit(1, work.job("die"), [work.task()])
    pool.submit(2, work.job("nap"), [work.task(seconds=1.0)])
    found = answers(pool, 2)
    error = failure(found[1][0]).error
    assert (error.kind, error.types) == ("worker_lost", ("worker_lost",))
    assert error.message == "the worker was killed by SIGKILL (out of memory?)"
    assert failure(found[1][0]).log == "so long\n"
    assert work.value(found[2][0]) == 1.0
    assert work.value(one(pool, work.job("double"), work.task(x=2))) == 4


@posix
def test_of_a_batch_that_dies_each_task_is_tried_again_alone(work: Kit, pool: JoblibPool) -> None:
    pool.submit(1, work.job("die"), [work.task(x=0), work.task(x=1), work.task(x=0)])
    found = answers(pool)[1]
    assert found == [NotRun(), NotRun(None, "so long\n"), NotRun()]


@posix
def test_workers_killed_while_they_were_idle_are_replaced(work: Kit, pool: JoblibPool) -> None:
    [backend] = pool._backends
    for pid in backend._processes:
        os.kill(pid, signal.SIGKILL)  # one of them holds the lock of the queue of tasks
    pool.submit(1, work.job("double"), [work.task(x=1)])
    pool.submit(2, work.job("double"), [work.task(x=2)])
    found = answers(pool, 2)
    assert [work.value(found[t][0]) for t in (1, 2)] == [2, 4]


def _cannot_begin(*_: object) -> None:
    os._exit(3)


def test_workers_that_never_begin_are_not_waited_for(work: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib_worker, "begin", _cannot_begin)
    monkeypatch.setattr(joblib_pool, "_TRANSIT", 0.2)
    with opened(work, "multiprocessing") as pool:
        error = failure(one(pool, work.job("double"), work.task(x=1))).error
    assert error.kind == "worker_lost"
    assert error.message.startswith("no worker could be started: the worker")


@posix
def test_a_task_that_runs_out_of_time_is_killed_with_its_children(
    work: Kit, pool: JoblibPool, tmp_path: Path
) -> None:
    pool.submit(1, work.job("nap"), [work.task(seconds=1.5)])
    path = tmp_path / "child"
    error = failure(one_of(pool, 2, work, "child", timeout=1.0, path=str(path))).error
    assert (error.kind, error.message) == ("timeout", "timed out after 1s")
    ends(int(path.read_text()))
    assert work.value(answers(pool)[1][0]) == 1.5


def one_of(pool: JoblibPool, ticket: int, kit: Kit, call: str, *, timeout: float, path: str):
    pool.submit(ticket, kit.job(call, timeout=timeout), [kit.task(path=path)])
    return answers(pool)[ticket][0]


def ends(pid: int) -> None:
    end = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < end, "it still runs"
        time.sleep(0.05)


def test_each_task_has_its_own_environment(work: Kit, pool: JoblibPool) -> None:
    assert work.value(one(pool, work.job("variable", env={"PRUN_TEST": "1"}), work.task())) == "1"
    assert work.value(one(pool, work.job("variable"), work.task())) is None


def test_a_task_that_left_threads_running_has_the_workers_replaced(work: Kit, pool: JoblibPool) -> None:
    left = work.value(one(pool, work.job("leave"), work.task()))
    assert work.value(one(pool, work.job("pid"), work.task())) != left
    assert len(pool._backends) == 1  # the other one is closed by now
    ends(left)


@pytest.mark.parametrize("name", ["multiprocessing", "strange-processes"])
def test_what_c_code_and_children_print_is_kept(work: Kit, name: str) -> None:
    with opened(work, name) as pool:
        assert one(pool, work.job("shout"), work.task()).log == "from C\nfrom a child\n"


@pytest.mark.parametrize("name", ["multiprocessing", "strange-threads"])
def test_a_running_task_can_be_heard(work: Kit, name: str, tmp_path: Path) -> None:
    enough = tmp_path / "enough"
    with opened(work, name) as pool:
        pool.submit(1, work.job("talk"), [task := work.task(path=str(enough))])
        end = time.monotonic() + 20
        while not (heard := list(printing(pool))):
            assert time.monotonic() < end, "nothing is heard"
            time.sleep(0.01)
        assert [(t.id, text) for _, t, text in heard] == [(task.id, "half a word\n")]
        enough.touch()
        assert answers(pool)[1][0].log == "half a word\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_any_way_of_starting_processes_will_do(work: Kit, method: str, tmp_path: Path) -> None:
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip("not on this system")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(joblib_backends.__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from worker_kit import Kit, one\n"
        "from pipeline_runner.workers.pools import open_pool\n"
        "if __name__ == '__main__':\n"
        f"    kit = Kit(Path({str(work.root)!r}))\n"
        "    with open_pool('multiprocessing', 2, kit.project) as pool:\n"
        "        print(kit.value(one(pool, kit.job('double'), kit.task(x=4))))\n"
    )
    env = {**os.environ, "JOBLIB_START_METHOD": method}
    found = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.stdout, found.stderr) == ("8\n", "")


def test_what_a_task_returns_is_not_unpickled_here(
    work: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "note"
    monkeypatch.setenv("SNEAKY", str(note))
    with opened(work, "multiprocessing") as pool:
        assert isinstance(one(pool, work.job("sneak"), work.task()), Succeeded)
    assert not note.exists() or str(os.getpid()) not in note.read_text().split()


# ---- backends of others --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["older", "silent", "full", "immediate"])
def test_it_gets_its_answers_all_the_same(work: Kit, name: str) -> None:
    with opened(work, name) as pool:
        pool.submit(1, work.job("double"), [work.task(x=1)])
        pool.submit(2, work.job("double"), [work.task(x=2)])
        found = answers(pool, 2)
        assert [work.value(found[t][0]) for t in (1, 2)] == [2, 4]
        assert pool.wait(0) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("forgetful", "its answer was lost on the way"),
        ("garbled", "the backend 'garbled' lost it: OSError: the network is down"),
        (
            "closed",
            "no worker could be started: the backend 'closed' takes no task: ",
        ),
    ],
)
def test_what_it_loses_is_told(work: Kit, name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib_pool, "_TRANSIT", 0.2)
    with opened(work, name) as pool:
        error = failure(one(pool, work.job("double"), work.task(x=1))).error
        assert pool.free() == 2
        assert pool.wait(0) == []
    assert error.kind == "worker_lost"
    assert error.message.startswith(message)


@posix
def test_a_broken_one_is_opened_anew(work: Kit) -> None:
    with opened(work, "strange-processes") as pool:
        error = failure(one(pool, work.job("die"), work.task())).error
        assert error.kind == "worker_lost"
        assert work.value(one(pool, work.job("double"), work.task(x=2))) == 4


def test_threads_have_no_environment_of_their_own(work: Kit) -> None:
    with opened(work, "strange-threads") as pool:
        error = failure(one(pool, work.job("variable", env={"PRUN_TEST": "1"}), work.task())).error
    assert error.kind == "input"
    assert "none has an environment of its own" in error.message


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone", "ConnectionError: no cluster at this address"), ("one-by-one", "nothing in parallel here")],
)
def test_one_that_cannot_be_opened(
    work: Kit, name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with pytest.raises(PrunError, match=message):
        open_pool(name, 2, work.project)
    assert list(temporary.iterdir()) == []


def test_one_that_does_not_end_is_not_waited_for(work: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib_backend, "_FAREWELL", 0.1)
    with opened(work, "lingering") as pool:
        assert work.value(one(pool, work.job("double"), work.task(x=2))) == 4
    joblib_backends.Lingering.ended.set()


# ---- names ---------------------------------------------------------------------------------------


def test_a_module_of_the_project_registers_one(kit: Kit) -> None:
    kit.module(WORK)
    kit.module(
        "import joblib_backends as b, joblib\njoblib.register_parallel_backend('mine', b.Threads)", "reg"
    )
    before = sys.path[:]
    assert backend_problem("reg:mine") is None  # as nobody may look into the module
    assert "reg" not in sys.modules
    try:
        with opened(kit, "reg:mine") as pool:
            assert kit.value(one(pool, kit.job("double"), kit.task(x=2))) == 4
        assert sys.path == before
        assert backend_traits("reg:mine") == pools.Traits(isolates=False, stops=False)
    finally:
        sys.modules.pop("reg", None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reg:", "'reg:' is no backend's name"),
        (":mine", "':mine' is no backend's name"),
        ("a b:mine", "'a b:mine' is no backend's name"),
        ("no_such_module:mine", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"),
        ("joblib_backends:theirs", "the module joblib_backends registers no joblib backend 'theirs'"),
        ("theirs", "there is no backend 'theirs'"),
    ],
)
def test_names_that_are_none(kit: Kit, name: str, message: str) -> None:
    problem = backend_problem(name, kit.project)
    assert problem is not None
    assert message in problem.message


def test_what_registers_itself_when_it_is_asked_for_is_found(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joblib import parallel

    def register() -> None:
        parallel.register_parallel_backend("late", joblib_backends.Threads)

    def fail() -> None:
        raise ImportError("to use it, install it")

    monkeypatch.setitem(parallel.EXTERNAL_BACKENDS, "late", register)
    monkeypatch.setitem(parallel.EXTERNAL_BACKENDS, "absent", fail)
    assert backend_problem("late", kit.project) is None
    problem = backend_problem("absent", kit.project)
    assert problem is not None
    assert "to use it, install it" in problem.message


def test_what_each_can_do() -> None:
    assert backend_traits("multiprocessing") == pools.Traits(isolates=True, stops=True)
    assert backend_traits("strange-processes") == pools.Traits(isolates=True, stops=False)
    assert backend_traits("threads") == pools.Traits(isolates=False, stops=False)

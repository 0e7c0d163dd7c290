"""Workers that die, hang or misbehave: their neighbours and the run do not notice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_kit import Kit, answers, failure, one

from pipeline_runner.model.outcome import Failed, NotRun, Succeeded
from pipeline_runner.workers.loky_pool import LokyPool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

WORK = """
    import ctypes, os, random, signal, subprocess, sys, threading, time, warnings

    def fine(x): return x
    def leave(): os._exit(3)
    def killed(): os.kill(os.getpid(), signal.SIGKILL)
    def crash(): ctypes.string_at(0)
    def system_exit(): sys.exit(3)
    def interrupt(): raise KeyboardInterrupt
    def spin():
        print("spinning")
        while True: pass
    def hang(child_file):
        child = subprocess.Popen(["sleep", "1000"])
        apart = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        open(child_file, "w").write(f"{child.pid} {apart.pid}")
        time.sleep(1000)
    def sometimes(x):
        if x == 2: time.sleep(1000)
        return x
    def one_dies(x):
        if x == 1: os._exit(1)
        return x
    def loud():
        os.write(1, b"from C\\n")
        subprocess.run(["sh", "-c", "echo child; echo oops >&2"])
        print("python")
        warnings.warn("careful")
        return 1
    def loud_then_dead():
        print("last words")
        os._exit(1)
    def close_everything():
        sys.stdout.close(); sys.stderr.close(); os.close(1); os.close(2)
        return 1
    def say(): print("still here"); return 1
    def spoil():
        os.environ["LEAK"] = "1"; os.environ.pop("HOME", None)
        os.chdir("/")
        sys.path.insert(0, "/leak")
        random.seed(0)
        import numpy; numpy.random.seed(0)
        warnings.simplefilter("error")
        sys.setrecursionlimit(5000)
        signal.alarm(1)
        return [random.random(), numpy.random.random()]
    def look():
        import numpy
        return {
            "env": [os.environ.get("LEAK"), "HOME" in os.environ, os.environ.get("GIVEN")],
            "cwd": os.getcwd(), "path": "/leak" in sys.path,
            "random": [random.random(), numpy.random.random()],
            "filters": warnings.filters[0][0] == "error", "recursion": sys.getrecursionlimit(),
            "alarm": signal.alarm(0),
        }
    def leave_thread():
        threading.Thread(target=time.sleep, args=(1000,)).start()
        return os.getpid()
    def pid(): return os.getpid()
    def ask(): return input("? ")
"""


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "project")


@pytest.fixture(scope="module")
def pool_and_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LokyPool, Kit]]:
    kit = Kit(tmp_path_factory.mktemp("death") / "project")
    kit.module(WORK)
    with LokyPool(1, kit.project) as pool:
        yield pool, kit


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("leave", "the worker exited with code 3 (os._exit?)"),
        ("killed", "the worker was killed by SIGKILL (out of memory?)"),
        ("crash", "the worker was killed by SIGSEGV (a crash in C code)"),
    ],
)
def test_a_task_that_kills_its_worker_fails(
    pool_and_kit: tuple[LokyPool, Kit], call: str, message: str
) -> None:
    pool, kit = pool_and_kit
    error = failure(one(pool, kit.job(call), kit.task())).error
    assert (error.kind, error.message, error.types) == ("worker_lost", message, ("worker_lost",))
    assert kit.value(one(pool, kit.job("fine"), kit.task(x=1))) == 1


def test_a_crash_in_c_leaves_its_traceback_in_the_log(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    outcome = one(pool, kit.job("crash"), kit.task())
    assert "Segmentation fault" in outcome.log
    assert "in crash" in outcome.log


def test_what_a_dead_task_had_printed_is_kept(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    assert one(pool, kit.job("loud_then_dead"), kit.task()).log == "last words\n"


@pytest.mark.parametrize("call", ["system_exit", "interrupt"])
def test_exits_of_python_are_failures_of_the_task_alone(
    pool_and_kit: tuple[LokyPool, Kit], call: str
) -> None:
    pool, kit = pool_and_kit
    before = kit.value(one(pool, kit.job("pid"), kit.task()))
    assert failure(one(pool, kit.job(call), kit.task())).error.kind == "exception"
    assert kit.value(one(pool, kit.job("pid"), kit.task())) == before


def test_a_death_in_a_batch_blames_nobody(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    pool.submit(1, kit.job("one_dies"), [kit.task(i, x=i) for i in range(3)])
    assert answers(pool)[1] == [NotRun(None), NotRun(None), NotRun(None)]


def test_a_busy_loop_is_stopped(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    outcome = failure(one(pool, kit.job("spin", timeout=0.3), kit.task()))
    assert outcome.error.message == "timed out after 300ms"
    assert outcome.error.types == ("timeout", "TimeoutError")
    assert outcome.log == "spinning\n"


def test_a_task_that_hangs_in_c_is_stopped_with_its_children(
    pool_and_kit: tuple[LokyPool, Kit], tmp_path: Path
) -> None:
    pool, kit = pool_and_kit
    children = tmp_path / "children"
    outcome = failure(one(pool, kit.job("hang", timeout=0.5), kit.task(child_file=str(children))))
    assert outcome.error.kind == "timeout"
    for pid in map(int, children.read_text().split()):
        assert_gone(pid)


def test_in_a_batch_the_task_that_ran_out_of_time_is_known(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    pool.submit(1, kit.job("sometimes", timeout=0.3), [kit.task(i, x=i) for i in range(4)])
    outcomes = answers(pool)[1]
    assert [type(o) for o in outcomes] == [NotRun, NotRun, Failed, NotRun]


def test_the_time_is_each_tasks_own(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    kit.module("import time\ndef run(x): time.sleep(0.2); return x", "naps")
    pool.submit(1, kit.job("naps:run", timeout=0.6), [kit.task(i, x=i) for i in range(5)])
    assert all(isinstance(o, Succeeded) for o in answers(pool)[1])


def test_starting_a_worker_does_not_count_as_the_tasks_time(kit: Kit) -> None:
    kit.module(WORK)
    with LokyPool(1, kit.project) as pool:
        assert kit.value(one(pool, kit.job("fine", timeout=0.1), kit.task(x=1))) == 1


def test_neighbours_are_undisturbed(kit: Kit) -> None:
    kit.module(WORK + "\n    def nap(): time.sleep(2); return os.getpid()")
    with LokyPool(2, kit.project) as pool:
        pool.submit(1, kit.job("nap"), [kit.task()])
        pool.submit(2, kit.job("killed"), [kit.task()])
        found = answers(pool, 2)
    assert failure(found[2][0]).error.kind == "worker_lost"
    assert isinstance(found[1][0], Succeeded)


def test_output_of_c_code_and_of_children_is_captured(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    log = one(pool, kit.job("loud"), kit.task()).log
    assert log.startswith("from C\nchild\noops\npython\n")
    assert "UserWarning: careful" in log


def test_closed_streams_are_mended(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    pool.submit(1, kit.job("close_everything"), [kit.task(), kit.task()])
    assert all(isinstance(o, Succeeded) for o in answers(pool)[1])
    assert one(pool, kit.job("say"), kit.task()).log == "still here\n"


def test_nothing_of_a_task_leaks_into_the_next(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    spoiled = kit.value(one(pool, kit.job("spoil"), kit.task()))
    first = kit.value(one(pool, kit.job("look", env={"GIVEN": "yes"}), kit.task()))
    pool.submit(1, kit.job("look"), [kit.task()])
    second = kit.value(answers(pool)[1][0])
    assert first["env"] == [None, True, "yes"]
    assert second["env"] == [None, True, None]
    assert first["cwd"] == str(kit.root)
    assert (first["path"], first["filters"], first["alarm"]) == (False, False, 0)
    assert first["recursion"] == sys.getrecursionlimit()
    for i in (0, 1):
        assert len({spoiled[i], first["random"][i], second["random"][i]}) == 3


def test_a_seed_set_on_import_gives_each_task_the_same_numbers(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    kit.module(
        """
        import random
        import numpy
        random.seed(7)
        numpy.random.seed(7)
        def draw(): return random.random(), numpy.random.random()
        """,
        "seeded",
    )
    pool.submit(1, kit.job("seeded:draw"), [kit.task(), kit.task()])
    first, second = (kit.value(o) for o in answers(pool)[1])
    third = kit.value(one(pool, kit.job("seeded:draw"), kit.task()))
    assert first == second == third


@pytest.mark.parametrize(("seed", "numbers"), [("numpy.random.seed(7)", 1), ("", 3)])
def test_a_seed_is_seen_where_the_module_is_the_first_to_import_numpy(
    kit: Kit, seed: str, numbers: int
) -> None:
    kit.module(f"import numpy.random\n{seed}\ndef run(): return float(numpy.random.random())")
    with LokyPool(1, kit.project) as pool:
        pool.submit(1, kit.job(), [kit.task() for _ in range(3)])
        assert len({kit.value(o) for o in answers(pool)[1]}) == numbers


def test_a_worker_with_threads_left_running_is_not_used_again(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    spoiled = kit.value(one(pool, kit.job("leave_thread"), kit.task()))
    assert kit.value(one(pool, kit.job("pid"), kit.task())) != spoiled
    assert_gone(spoiled)


def test_a_task_that_asks_the_terminal_fails_at_once(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    assert failure(one(pool, kit.job("ask"), kit.task())).error.types[0] == "EOFError"


def test_a_worker_killed_while_idle_is_replaced(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    pid = kit.value(one(pool, kit.job("pid"), kit.task()))
    os.kill(pid, signal.SIGKILL)
    assert kit.value(one(pool, kit.job("fine"), kit.task(x=2))) == 2


def test_modules_of_the_project_that_shadow_ours_do_no_harm(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.module("def run(): return 1")
    for name in ("joblib", "queue", "pickle", "blake3", "struct", "multiprocessing", "pipeline_runner"):
        kit.module("raise RuntimeError('imported by mistake')", name)
    monkeypatch.chdir(kit.root)
    with LokyPool(1, kit.project) as pool:
        assert kit.value(one(pool, kit.job(), kit.task())) == 1


def test_workers_that_cannot_start_end_the_batch(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.module(WORK)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with LokyPool(1, kit.project) as pool:
        kit.root.rename(kit.root.with_name("moved"))
        error = failure(one(pool, kit.job("fine"), kit.task(x=1))).error
    assert error.kind == "worker_lost"
    assert error.message.startswith("no worker process could be started")


def test_workers_die_with_a_parent_that_was_killed(kit: Kit, tmp_path: Path) -> None:
    kit.module(
        """
        import os, time
        def run(x):
            open(f"pid-{x}", "w").write(str(os.getpid()))
            time.sleep(1000)
        """
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from pathlib import Path
        from worker_kit import Kit
        from pipeline_runner.workers.loky_pool import LokyPool
        if __name__ == "__main__":
            kit = Kit(Path({str(kit.root)!r}))
            pool = LokyPool(2, kit.project)
            for i in (0, 1):
                pool.submit(i, kit.job(), [kit.task(x=i)])
            pool.wait(1000)
    """
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(code))
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "TMPDIR": str(temporary)})
    try:
        pids = [int(wait_for_text(kit.root / f"pid-{i}")) for i in (0, 1)]
    finally:
        parent.kill()
        parent.wait()
    for pid in pids:
        assert_gone(pid)
    end = time.monotonic() + 5
    while list(temporary.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_run_killed_with_its_workers_is_removed_by_the_next(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    orphan, unknown = tmp_path / "prun-run-orphan", tmp_path / "prun-run-being-made"
    orphan.mkdir()
    (orphan / "lock").touch()
    unknown.mkdir()
    with LokyPool(1, kit.project), LokyPool(1, kit.project):
        left = {p.name for p in tmp_path.glob("prun-run-*")}
        assert orphan.name not in left
        assert unknown.name in left
        assert len(left) == 3
    assert [p.name for p in tmp_path.glob("prun-run-*")] == [unknown.name]


def wait_for_text(path: Path) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError(f"{path.name} never came")


def assert_gone(pid: int) -> None:
    """Gone, or a corpse that only waits to be counted."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def test_tasks_may_use_processes_of_their_own(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    kit.module(
        """
        import multiprocessing
        from joblib import Parallel, delayed
        def square(x): return x * x
        def pooled(method):
            with multiprocessing.get_context(method).Pool(2) as pool:
                return pool.map(square, range(4))
        def parallel(): return Parallel(n_jobs=2)(delayed(square)(x) for x in range(4))
        """,
        "many",
    )
    for method in ("fork", "spawn"):
        assert kit.value(one(pool, kit.job("many:pooled"), kit.task(method=method))) == [0, 1, 4, 9]
    pid = kit.value(one(pool, kit.job("pid"), kit.task()))
    assert kit.value(one(pool, kit.job("many:parallel"), kit.task())) == [0, 1, 4, 9]
    assert kit.value(one(pool, kit.job("pid"), kit.task())) == pid  # joblib's pool is no reason to restart


def test_a_child_that_returns_from_a_fork_answers_nothing(pool_and_kit: tuple[LokyPool, Kit]) -> None:
    pool, kit = pool_and_kit
    kit.module("import os\ndef run():\n    return os.fork() == 0", "forks")
    task = kit.task()
    assert kit.value(one(pool, kit.job("forks:run"), task)) is False
    assert kit.value(one(pool, kit.job("fine"), kit.task(x=1))) == 1


def test_an_interpreter_ends_although_nobody_closed_the_pool(kit: Kit, tmp_path: Path) -> None:
    kit.module("import time\ndef run(): open('began', 'w').close(); time.sleep(1000)")
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from pathlib import Path
        from worker_kit import Kit
        from pipeline_runner.workers.loky_pool import LokyPool
        if __name__ == "__main__":
            kit = Kit(Path({str(kit.root)!r}))
            pool = LokyPool(2, kit.project)
            pool.submit(1, kit.job(), [kit.task()])
            while not (kit.root / "began").exists():
                pool.wait(0.05)
            raise ValueError("on the way")
    """
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(code))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    result = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "TMPDIR": str(temporary)},
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "ValueError: on the way"
    assert list(temporary.iterdir()) == []


def test_a_worker_killed_in_the_middle_of_a_message(kit: Kit) -> None:
    """Neither a batch nor an answer that is cut off keeps anybody waiting."""
    kit.module(
        WORK
        + """
    def farewell():
        from multiprocessing.connection import Connection
        def half(self, data, write=None):
            os.write(self.fileno(), bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        Connection._send = half
        return 1
    """
    )
    with LokyPool(1, kit.project) as pool:
        pid = kit.value(one(pool, kit.job("pid"), kit.task()))
        os.kill(pid, signal.SIGSTOP)
        big = kit.task(x="x" * 5_000_000)
        pool.submit(1, kit.job("fine"), [big])
        assert pool.wait(0.1) == []
        os.kill(pid, signal.SIGKILL)
        assert isinstance(answers(pool)[1][0], Succeeded)

        error = failure(one(pool, kit.job("farewell"), kit.task())).error
        assert (error.kind, error.types) == ("worker_lost", ("worker_lost",))
        assert kit.value(one(pool, kit.job("fine"), kit.task(x=1))) == 1


def test_the_death_of_a_worker_is_noticed_though_a_child_keeps_its_pipe_open(kit: Kit) -> None:
    kit.module(
        """
        import os, signal, time
        def run():
            if os.fork() == 0:
                time.sleep(1000)
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    with LokyPool(1, kit.project) as pool:
        assert failure(one(pool, kit.job(), kit.task())).error.kind == "worker_lost"


def test_what_fits_no_pipe_is_carried_both_ways(kit: Kit) -> None:
    kit.module("def run(x): print(x); return len(x)")
    text = "x" * 300_000
    with LokyPool(1, kit.project) as pool:
        pool.submit(1, kit.job(), [kit.task(i, x=text) for i in range(3)])
        outcomes = answers(pool)[1]
        assert [kit.value(o) for o in outcomes] == [len(text)] * 3
        assert all(o.log == text + "\n" for o in outcomes)
        assert not list(Path(pool._scratch.path).glob("mail-*"))


def test_every_ticket_is_answered_whoever_is_killed(kit: Kit) -> None:
    kit.module("import os, time\ndef run(x):\n    time.sleep(0.01)\n    return os.getpid()")
    dice = random.Random(20261122)
    pids: list[int] = []
    found: dict[int, str] = {}
    with LokyPool(2, kit.project) as pool:
        ticket = 0
        while len(found) < 60:
            while pool.free() and ticket < 60:
                pool.submit(ticket, kit.job(), [kit.task(i, x=i) for i in range(dice.choice([1, 3]))])
                ticket += 1
            for done in pool.wait(0.5):
                assert done.ticket not in found
                found[done.ticket] = "".join(sorted({type(o).__name__ for o in done.outcomes}))
                pids += [kit.value(o) for o in done.outcomes if isinstance(o, Succeeded)]
                for outcome in done.outcomes:
                    assert not isinstance(outcome, Failed) or outcome.error.kind == "worker_lost"
            if pids and dice.random() < 0.15:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pids[-1], signal.SIGKILL)
                pids.clear()
    assert set(found) == set(range(60))
    assert "Succeeded" in found.values()

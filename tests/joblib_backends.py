"""Backends of others for joblib, registered when this is imported, as its users' would be."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import joblib
from joblib.parallel import FallbackToBackend, ParallelBackendBase, SequentialBackend


class StrangeThreads(ParallelBackendBase):
    """Threads that do not say that they are."""

    supports_retrieve_callback = True
    executor: Any = None

    def effective_n_jobs(self, n_jobs: int) -> int:
        return n_jobs

    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        self.executor = self.workers(n_jobs)
        return n_jobs

    def workers(self, n_jobs: int) -> Any:
        return ThreadPoolExecutor(n_jobs)

    def submit(self, func: Any, callback: Any = None) -> Any:
        future = self.executor.submit(func)
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        return out.result()

    def terminate(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)


class StrangeProcesses(StrangeThreads):
    def workers(self, n_jobs: int) -> Any:
        return ProcessPoolExecutor(n_jobs, multiprocessing.get_context("spawn"))


class Threads(StrangeThreads):
    uses_threads = True


class Older(StrangeThreads):
    """The interface before joblib 1.3: a callback only says that there is a result."""

    supports_retrieve_callback = False

    def retrieve_result(self, out: Any, timeout: float | None = None) -> Any:
        return out.result(timeout)


class Silent(StrangeThreads):
    """Never calls back, as dask does not after a worker's death."""

    def submit(self, func: Any, callback: Any = None) -> Any:
        return self.executor.submit(func)


class Forgetful(StrangeThreads):
    """Loses every result, and its futures are none."""

    def submit(self, func: Any, callback: Any = None) -> Any:
        self.executor.submit(func)


class Garbled(StrangeThreads):
    """Gives something else than what was returned, in the place of a result or of an exception."""

    def retrieve_result_callback(self, out: Any) -> Any:
        if out.result()[:0] == b"":
            raise OSError("the network is down")


class Full(StrangeThreads):
    """Takes a task only when asked again."""

    asked = 0

    def submit(self, func: Any, callback: Any = None) -> Any:
        type(self).asked += 1
        if type(self).asked % 2:
            raise RuntimeError("the queue is full")
        return super().submit(func, callback)


class Closed(StrangeThreads):
    def submit(self, func: Any, callback: Any = None) -> Any:
        raise RuntimeError("no workers here")


class Gone(StrangeThreads):
    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        raise ConnectionError("no cluster at this address")


class Sequential(StrangeThreads):
    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        raise FallbackToBackend(SequentialBackend(nesting_level=0))


class Lingering(StrangeThreads):
    """Its end never comes."""

    ended = threading.Event()

    def terminate(self) -> None:
        super().terminate()
        self.ended.wait()


class Immediate(StrangeThreads):
    """Runs what it is given before it comes back."""

    def submit(self, func: Any, callback: Any = None) -> Any:
        future: Future[Any] = Future()
        future.set_result(func())
        callback(future)
        return future


REGISTERED = {
    "strange-threads": StrangeThreads, "strange-processes": StrangeProcesses, "threads": Threads,
    "older": Older, "silent": Silent, "forgetful": Forgetful, "garbled": Garbled, "full": Full,
    "closed": Closed, "gone": Gone, "one-by-one": Sequential, "lingering": Lingering, "immediate": Immediate,
}  # fmt: skip
for name, kind in REGISTERED.items():
    joblib.register_parallel_backend(name, kind)

"""A store that is far away: 50 ms added to each request. Runs below the measured Python.

    python far_store.py FOLDER SECONDS      cold and fully reused runs of the pipeline in FOLDER

Prints JSON: for each run its seconds, its requests, and how many of them had to follow one another.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

DELAY = 0.05
REQUESTS = (
    "cat_file", "pipe_file", "put_file", "get_file", "info", "ls", "exists", "rm_file", "cp_file", "created",
)  # fmt: skip

log: list[tuple[float, float, str, str]] = []
_inside = threading.local()


def _slow(name: str) -> Any:
    real = getattr(LocalFileSystem, name)

    def request(self: Any, path: str, *args: Any, **more: Any) -> Any:
        if getattr(_inside, "request", False):  # one request made of others counts once
            return real(self, path, *args, **more)
        _inside.request = True
        began = time.monotonic()
        try:
            time.sleep(DELAY)
            return real(self, path, *args, **more)
        finally:
            _inside.request = False
            log.append((began, time.monotonic(), name, str(path)))

    return request


class Far(LocalFileSystem):  # type: ignore[misc]
    """A local folder behind a slow line, with object stores' manners: many at once, no append."""

    protocol = "far"
    cachable = True

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(p) for p in path]
        return super()._strip_protocol(str(path).removeprefix("far://"))

    def cat(self, path: Any, recursive: bool = False, on_error: str = "raise", **more: Any) -> Any:
        """Many objects in one go, as the asynchronous file systems (s3, gs, abfs) get them."""
        paths = [path] if isinstance(path, str) else list(path)
        found: dict[str, Any] = {}

        def get(one: str) -> None:
            try:
                found[one] = self.cat_file(one)
            except Exception as error:
                found[one] = error

        threads = [threading.Thread(target=get, args=(p,)) for p in paths]
        for start in range(0, len(threads), 64):
            for t in threads[start : start + 64]:
                t.start()
            for t in threads[start : start + 64]:
                t.join()
        return found

    def __init__(self, **more: Any) -> None:
        super().__init__(auto_mkdir=True, **more)


for _name in REQUESTS:
    setattr(Far, _name, _slow(_name))


def trips() -> int:
    """The longest row of requests each of which began after the one before had ended."""
    count, last = 0, -1.0
    for began, ended, _, _ in sorted(log, key=lambda r: r[1]):
        if began >= last:
            count, last = count + 1, ended
    return count


def main() -> None:
    folder = sys.argv[1]
    fsspec.register_implementation("far", Far, clobber=True)
    from pipeline_runner import Pipeline

    told = []
    for _ in range(3):
        log.clear()
        began = time.monotonic()
        run = Pipeline.load(f"{folder}/pipeline.yaml", store=f"far://{folder}/far").run(backend="threading")
        seconds = time.monotonic() - began
        kinds: dict[str, int] = {}
        for _, _, name, _ in log:
            kinds[name] = kinds.get(name, 0) + 1
        told.append(
            {
                "seconds": seconds, "requests": len(log), "trips": trips(), "kinds": kinds,
                "counts": dict(run.counts), "status": run.status,
                "paths": [(round(b - began, 3), n, p.rpartition("/far/")[2]) for b, _, n, p in log][:400],
            }
        )  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()

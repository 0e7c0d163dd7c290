"""Run records: what happened in each run, its logs, and what each pipeline gave last."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..keys.digest import digest
from .files import safe_name
from .sealed import Seals

if TYPE_CHECKING:
    from .files import FileStore

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}\Z")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_compact = json.JSONEncoder(separators=(",", ":")).encode


def new_run_id(now: float) -> str:
    """``20261122-171455-a1b2c3``: UTC, then three digits of the second's fraction and three by
    chance, so ids sort by time and never meet."""
    fraction = int(now % 1 * 4096)
    by_chance = int.from_bytes(os.urandom(2), "big") & 0xFFF
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{fraction:03x}{by_chance:03x}"


class Runs:
    """The records of a store's runs."""

    def __init__(self, files: FileStore, seals: Seals | None = None) -> None:
        self._files = files
        self._seals = seals or Seals()

    def list_runs(self) -> list[str]:
        """All run ids, the newest first."""
        return sorted((n for n in self._files.list("runs") if _RUN_ID.match(n)), reverse=True)

    def write_json(self, run_id: str, name: str, value: Any) -> None:
        self._write(_name(run_id, f"{name}.json"), value)

    def read_json(self, run_id: str, name: str) -> Any:
        """The value, or None if there is none or it is damaged."""
        return self._unsealed(_name(run_id, f"{name}.json"))

    def write_texts(self, run_id: str, name: str, value: Any, texts: Sequence[str]) -> None:
        """A value and long texts that belong to it."""
        place = _name(run_id, name)
        self._files.write(place, self._seals.seal_texts(value, texts, place))

    def read_texts(self, run_id: str, name: str) -> tuple[Any, list[str]] | None:
        """The value and its texts; None as for ``read_json``."""
        place = _name(run_id, name)
        try:
            return self._seals.unseal_texts(self._files.read(place), place)
        except (FileNotFoundError, ValueError):
            return None

    def append_lines(self, run_id: str, name: str, lines: Iterable[Any]) -> None:
        """Add values to a record, one JSON line each. One process writes; a line that a stop cut
        off is not read."""
        data = "".join(_compact(line) + "\n" for line in lines)
        if data:
            self._files.append(_name(run_id, f"{name}.jsonl"), data.encode())

    def read_lines(self, run_id: str, name: str) -> list[Any]:
        """The values that were appended, as far as they are whole."""
        values = []
        for line in self._pieces(_name(run_id, f"{name}.jsonl")).splitlines(keepends=True):
            try:
                if line.endswith(b"\n"):
                    values.append(json.loads(line))
            except ValueError:  # torn by a power cut
                continue
        return values

    def write_log(self, run_id: str, task_id: str, text: str) -> None:
        """What a task printed, replacing what was kept for it in this run."""
        self._files.write(_name(run_id, log_name(task_id)), [text.encode("utf-8", "backslashreplace")])

    def read_log(self, run_id: str, task_id: str) -> str | None:
        try:
            return self._files.read(_name(run_id, log_name(task_id))).decode("utf-8", "replace")
        except (FileNotFoundError, ValueError):  # or an entry names a run that can be none
            return None

    def write_latest(self, pipeline_id: str, value: Any) -> None:
        """What the last runs of a pipeline gave; replaced whole."""
        self._write(_latest_name(pipeline_id), value)

    def read_latest(self, pipeline_id: str) -> Any:
        return self._unsealed(_latest_name(pipeline_id))

    def _unsealed(self, name: str) -> Any:
        try:
            return self._seals.unseal(self._files.read(name), name)
        except (FileNotFoundError, ValueError):
            return None

    def _write(self, name: str, value: Any) -> None:
        self._files.write(name, [self._seals.seal(value, name)])

    def _pieces(self, name: str) -> bytes:
        try:
            return self._files.read(name)
        except FileNotFoundError:
            pass
        folder = f"{name}.parts"
        parts = [f"{folder}/{n}" for n in sorted(self._files.list(folder))]
        found = self._files.read_many(parts)
        return b"".join(data for p in parts if isinstance(data := found.get(p), bytes))


def _name(run_id: str, name: str) -> str:
    return f"runs/{safe_name(run_id)}/{name}"


def _latest_name(pipeline_id: str) -> str:
    """The pipeline's name where it can name a file; else what is left of it and its digest."""
    try:
        name = safe_name(pipeline_id)
        if _RESERVED.match(name):
            raise ValueError(f"{name} is a device of Windows")
    except ValueError:
        end = digest(pipeline_id.encode("utf-8", "surrogatepass"))[:12]
        name = f"_{_UNSAFE.sub('_', pipeline_id)[:60]}-{end}"
    return f"latest/{name}.json"


def log_name(task_id: str) -> str:
    return f"logs/{_file_name(task_id)}.log"


def step_file(step: str) -> str:
    """Where a large step's tasks stand in the folder of a run."""
    return f"steps/{_file_name(step)}"


def _file_name(name: str) -> str:
    """Readable, and never the same for two names, whatever the file system thinks of letters."""
    return f"{_UNSAFE.sub('_', name)[:60]}-{digest(name.encode('utf-8', 'surrogatepass'))[:12]}"

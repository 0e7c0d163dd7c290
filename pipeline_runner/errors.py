"""Problems (data) and the exceptions that carry them to the user.

A ``Problem`` says what is wrong, where, and what to do. Whoever finds problems collects all of
them and raises one ``PrunError``; the command line prints them and exits with ``exit_code``.
Hits, misses, failures and time-outs of tasks are values, never exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

EXIT_OK = 0
EXIT_FAILED = 1  # a step failed
EXIT_USAGE = 2  # the pipeline, the options or the environment are wrong; nothing was run
EXIT_INTERRUPTED = 130


class Place(NamedTuple):
    """A position in a text file; line and column count from 1."""

    file: str
    line: int
    column: int
    text: str = ""  # the line itself, without its newline

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One thing that is wrong: message (what), where, hint (what to do)."""

    code: str  # short and stable, for tests and scripts: "unknown-key", "cycle", ...
    message: str
    where: Place | None = None
    hint: str = ""
    severity: str = "error"  # or "warning"

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint}"


class PrunError(Exception):
    """The user's mistake, or an environment that cannot work: shown without a traceback."""

    exit_code = EXIT_USAGE

    def __init__(self, problems: str | Problem | Iterable[Problem], *, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = Problem("error", problems, None, hint)
        if isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class PipelineError(PrunError):
    """The pipeline file, its params or the options are wrong."""


class StoreError(PrunError):
    """The store cannot be read or written."""


class RunFailed(PrunError):
    """A run was asked for a value that it did not produce."""

    exit_code = EXIT_FAILED


class BlobLost(Exception):
    """A blob is missing or its bytes are wrong: not the reader's fault, so not shown as a mistake."""

    def __init__(self, blob: str, damaged: bool) -> None:
        super().__init__(blob, damaged)
        self.blob = blob
        self.damaged = damaged

    def __str__(self) -> str:
        return f"the stored bytes {self.blob} are {'damaged' if self.damaged else 'missing'}"

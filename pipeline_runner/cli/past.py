"""How past runs and their tasks are found."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Problem, PrunError
from .nearest import did_you_mean
from .options import DEFAULT_FILE, pipeline_path

if TYPE_CHECKING:
    from ..app.run import Run

_FEW = 12  # steps that are listed where a name is unknown


class Past(NamedTuple):
    """Where the runs are: a store, or the pipeline that names one. ``given``: by the user, who means the
    runs of that pipeline then; else all in the store are."""

    store: str | None
    pipeline: str | None
    given: bool = False

    @classmethod
    def of(cls, store: str | None, file: str | None) -> Past:
        """As the options say; without a pipeline file, ./.prun."""
        if file is None and not Path(DEFAULT_FILE).is_file():
            return cls(store, None)
        return cls(store, pipeline_path(file), file is not None)

    @property
    def _named(self) -> str | None:
        return self.pipeline if self.given else None

    def runs(self) -> list[Any]:
        """The runs that are meant, the newest first."""
        from ..app.run import Run

        return list(Run.list(store=self.store, pipeline_path=self._named))

    def ids(self, name: str) -> list[str]:
        """The ids that a name may stand for: it is one, or the beginning of some. One of another pipeline
        than the one given has to be whole."""
        from ..app.run import Run

        ids = [info.id for info in self.runs()]
        found = [one for one in ids if one == name] or [one for one in ids if one.startswith(name)]
        if not found and self.given:
            with suppress(PrunError):
                found = [Run.load(name, store=self.store, pipeline_path=self.pipeline).id]
        return found

    def run(self, name: str | None) -> Run:
        """The run of this id, or of the only one that begins so; without a name the latest."""
        from ..app.run import Run

        if name is None or name == "latest":
            latest = Run.latest(store=self.store, pipeline_path=self._named)
            if latest is None:
                raise PrunError(Problem("no-run", "there is no run yet", None, "`prun run` makes the first"))
            return latest
        found = self.ids(name)
        if len(found) == 1:
            return Run.load(found[0], store=self.store, pipeline_path=self.pipeline)
        if found:
            hint = f"it could be {', '.join(found[:3])}"
            raise PrunError(Problem("no-run", f"{name!r} is not the beginning of one run alone", None, hint))
        hint = did_you_mean(name, [info.id for info in self.runs()]) or "`prun runs` lists them"
        raise PrunError(Problem("no-run", f"there is no run {name!r}", None, hint))


def tasks_named(tasks: Sequence[Any], name: str) -> list[Any]:
    """The task of this id, or all tasks of the step of this name; none if there are none."""
    return [task for task in tasks if task.id == name] or [task for task in tasks if task.step == name]


def no_task(run: Run, name: str) -> PrunError:
    """What to raise when a run has no such task."""
    names = dict.fromkeys(name for task in run.tasks for name in (task.step, task.id))
    steps = list(dict.fromkeys(task.step for task in run.tasks))
    listed = f"its steps: {', '.join(steps)}" if 0 < len(steps) <= _FEW else ""
    hint = did_you_mean(name, names) or listed or f"`prun show -v {run.id}` lists its tasks"
    return PrunError(Problem("no-task", f"run {run.id} has no task {name!r}", None, hint))

"""How past runs and their tasks are found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Problem, PrunError
from .nearest import did_you_mean
from .options import DEFAULT_FILE, pipeline_path

if TYPE_CHECKING:
    from ..app.run import Run

_FEW = 12  # steps that are listed where a name is unknown


class Past(NamedTuple):
    """Where the runs are: a store, or the pipeline that names one."""

    store: str | None
    pipeline: str | None

    @classmethod
    def of(cls, store: str | None, file: str | None) -> Past:
        """As the options say; without a pipeline file, ./.prun."""
        if file is None and not Path(DEFAULT_FILE).is_file():
            return cls(store, None)
        return cls(store, pipeline_path(file))

    def runs(self) -> list[Any]:
        """All runs, the newest first."""
        from ..app.run import Run

        return list(Run.list(store=self.store, pipeline_path=self.pipeline))

    def run(self, name: str | None) -> Run:
        """The run of this id, or of the only one that begins so; without a name the latest."""
        from ..app.run import Run

        if name is None or name == "latest":
            latest = Run.latest(store=self.store, pipeline_path=self.pipeline)
            if latest is None:
                raise PrunError(Problem("no-run", "there is no run yet", None, "`prun run` makes the first"))
            return latest
        ids = [info.id for info in self.runs()]
        found = [one for one in ids if one == name] or [one for one in ids if one.startswith(name)]
        if len(found) == 1:
            return Run.load(found[0], store=self.store, pipeline_path=self.pipeline)
        if found:
            hint = f"it could be {', '.join(found[:3])}"
            raise PrunError(Problem("no-run", f"{name!r} is not the beginning of one run alone", None, hint))
        hint = did_you_mean(name, ids) or "`prun runs` lists them"
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

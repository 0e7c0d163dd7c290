"""Two runs side by side: the answer of `prun diff`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..model.decision import Reason
from .reasons import reason_words
from .style import PLAIN, Style
from .text import cells, clip, columns, duration, harmless, number, one_line, plural, some

LONGEST_DIFF = 80  # lines
SHOWN_STEPS = 40
NOTABLE = 0.25  # a time that differs by less than this part is not told
SLOW = 0.5  # seconds; below that times are noise


class ChangeLike(Protocol):
    """app's ``Change``."""

    @property
    def name(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...


class StepLike(Protocol):
    """app's ``StepDiff``."""

    @property
    def step(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reasons(self) -> Sequence[Reason]: ...
    @property
    def because(self) -> Sequence[str]: ...
    @property
    def outputs(self) -> tuple[int, int]: ...
    @property
    def states(self) -> ChangeLike | None: ...
    @property
    def seconds(self) -> tuple[float | None, float | None]: ...
    @property
    def scalars(self) -> Sequence[ChangeLike]: ...
    @property
    def items(self) -> tuple[Sequence[str], Sequence[str]]: ...
    @property
    def changed(self) -> bool: ...


class RunLike(Protocol):
    """A run's head."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def seconds(self) -> float: ...


class DiffLike(Protocol):
    """app's ``RunDiff``."""

    @property
    def before(self) -> RunLike: ...
    @property
    def after(self) -> RunLike: ...
    @property
    def params(self) -> Sequence[ChangeLike]: ...
    @property
    def steps(self) -> Sequence[StepLike]: ...
    @property
    def causes(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def source(self) -> str: ...


def diff_lines(
    diff: DiffLike, *, width: int | None = None, style: Style = PLAIN, verbose: bool = False
) -> list[str]:
    """Heads, params, steps with their causes, numbers, then the code."""
    lines = [
        style(clip(f"--- {_head(diff.before)}", width), "red"),
        style(clip(f"+++ {_head(diff.after)}", width), "green"),
    ]
    if diff.params:
        lines += ["", style("params", "bold"), *_changes(diff.params, width, style)]
    changed = [step for step in diff.steps if step.changed or step.states]
    if changed:
        lines += ["", style("steps", "bold")]
        for step in changed if verbose else changed[:SHOWN_STEPS]:
            lines += _step(step, diff.causes.get(step.step, ()), width, style, verbose)
        if len(changed) > SHOWN_STEPS and not verbose:
            lines.append(f"  and {number(len(changed) - SHOWN_STEPS)} more (prun diff -v shows all)")
    same = sum(1 for step in diff.steps if not (step.changed or step.states))
    if same:
        what = f"{plural(same, 'step')} {'are' if same > 1 else 'is'} the same"
        lines += ["", what if changed or diff.params else f"Nothing differs: {what}"]
    scalars = [change for step in diff.steps for change in step.scalars]
    if scalars:
        lines += ["", style("values", "bold")]
        lines += _changes(scalars if verbose else scalars[:SHOWN_STEPS], width, style)
        if len(scalars) > SHOWN_STEPS and not verbose:
            lines.append(f"  and {number(len(scalars) - SHOWN_STEPS)} more (prun diff -v shows all)")
    slower = [change for step in diff.steps if (change := _time(step))]
    if slower:
        lines += ["", style("times", "bold"), *_table(slower, width)]
    if diff.source:
        lines += ["", style("code", "bold"), *_code(diff.source, width, style, verbose)]
    return lines


def _head(run: RunLike) -> str:
    return f"{run.id} {run.status} in {duration(run.seconds)}"


def _changes(changes: Sequence[ChangeLike], width: int | None, style: Style) -> list[str]:
    return _table([(c.name, c.before or "-", c.after or "-", _by(c.before, c.after)) for c in changes], width)


def _table(rows: Sequence[tuple[str, str, str, str]], width: int | None) -> list[str]:
    cells = [(name, one_line(old), "->", one_line(new), more) for name, old, new, more in rows]
    return [clip("  " + line, width) for line in columns(cells)]


def _by(before: str, after: str) -> str:
    """How much a number grew."""
    try:
        old, new = float(before), float(after)
    except ValueError:
        return ""
    if before in ("True", "False") or old in (float("inf"), float("-inf")) or old != old or new != new:
        return ""
    return f"({new - old:+.4g})"


def _step(step: StepLike, causes: Sequence[str], width: int | None, style: Style, verbose: bool) -> list[str]:
    if step.status in ("added", "removed"):
        colour = "green" if step.status == "added" else "red"
        return [f"  {style(step.step, 'bold')} {style(step.status, colour)}"]
    parts = [_outputs(step)]
    added, removed = step.items
    if added:
        parts.append(f"{number(len(added))} new: {some(added)}")
    if removed:
        parts.append(f"{number(len(removed))} gone: {some(removed)}")
    if step.states is not None:
        parts.append(f"{step.states.before or 'did not run'} -> {step.states.after or 'did not run'}")
    rest = clip(
        ", ".join(part for part in parts if part), None if width is None else width - 3 - cells(step.step)
    )
    lines = [f"  {style(step.step, 'bold')} {rest}"]
    shown = step.reasons if verbose else step.reasons[:5]
    lines += [clip(f"    {reason_words(reason)}", width) for reason in shown]
    if len(step.reasons) > len(shown):
        lines.append(f"    and {plural(len(step.reasons) - len(shown), 'more reason')}")
    if step.because:
        roots = [c for c in causes if c not in {f"{r.kind} {r.what}".strip() for r in step.reasons}]
        root = f": {some(roots)}" if roots and list(roots) != list(step.because) else ""
        lines.append(clip(f"    because of {some(step.because)}{root}", width))
    return lines


def _outputs(step: StepLike) -> str:
    changed, compared = step.outputs
    if not compared:
        return ""
    if not changed:
        return "gave the same"
    if compared == 1:
        return "gave something else"
    return f"gave something else in {number(changed)} of {plural(compared, 'task')}"


def _time(step: StepLike) -> tuple[str, str, str, str] | None:
    old, new = step.seconds
    if old is None or new is None or max(old, new) < SLOW or abs(new - old) < NOTABLE * max(old, new):
        return None
    factor = f"({new / old:.1f} x)" if old > 0 else ""
    return (step.step, duration(old), duration(new), factor)


def _code(source: str, width: int | None, style: Style, verbose: bool) -> list[str]:
    lines = harmless(source).splitlines()
    cut = len(lines) - LONGEST_DIFF if len(lines) > LONGEST_DIFF and not verbose else 0
    colours = {"+": "green", "-": "red", "@": "cyan"}
    painted = []
    for line in lines[: len(lines) - cut]:
        heading = line.startswith(("+++", "---"))
        names = ["bold"] if heading else [colours[line[0]]] if line[:1] in colours else []
        painted.append(style(clip(line.expandtabs(4), width).rstrip(), *names))
    return [*painted, f"... {number(cut)} more lines (prun diff -v shows all)"] if cut else painted

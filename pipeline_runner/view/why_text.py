"""What changed since a task's last success: the answer of `prun why`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..model.decision import Reason
from .reasons import reason_words
from .style import PLAIN, Style
from .text import clip, columns, harmless, number, one_line, plural

LONGEST_DIFF = 60  # lines


class WhyLike(Protocol):
    """What is rendered: app's ``Why``."""

    @property
    def task(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def since(self) -> str: ...
    @property
    def reasons(self) -> Sequence[Reason]: ...
    @property
    def chain(self) -> Sequence[tuple[str, Sequence[Reason]]]: ...
    @property
    def diff(self) -> str: ...


def why_lines(
    why: WhyLike, *, width: int | None = None, style: Style = PLAIN, verbose: bool = False
) -> list[str]:
    """The verdict first, then each change, then what caused it further up, then the code's diff."""
    lines = [_verdict(why, style)]
    telling = [r for r in why.reasons if r.kind != "new" or r.detail]  # the verdict says that it is new
    lines += _reasons(telling, width, style, "  ")
    for task, reasons in why.chain:
        told = list(reasons)
        if told:
            lines.append(f"because of {style(task, 'bold')}:")
            lines += _reasons(told, width, style, "  ")
    if why.diff:
        lines += ["", *_diff(why.diff, width, style, verbose)]
    return lines


class ReachedLike(Protocol):
    """A definition that counts: app's ``Reached``."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def why(self) -> str: ...


def _reached(found: ReachedLike) -> str:
    return f"{found.source} {found.why}" if found.source and found.why.startswith("uses ") else found.why


def code_lines(
    reached: Sequence[ReachedLike], *, width: int | None = None, style: Style = PLAIN
) -> list[str]:
    """The code that a key is made of: each definition, where it is, and how it is reached."""
    rows = [(r.name, f"{r.file}:{r.line}", _reached(r)) for r in reached]
    lines = columns([("definition", "where", "reached"), *rows])
    return [style(lines[0], "dim"), *(clip(line, width) for line in lines[1:])]


def _verdict(why: WhyLike, style: Style) -> str:
    task, since = style(why.task, "bold"), f" since run {one_line(why.since)}" if why.since else ""
    if why.status == "never ran":
        return f"{task} {style('never succeeded', 'yellow')}: nothing is stored for it"
    if why.status == "up to date":
        return f"{task} is {style('up to date', 'green')}: nothing changed{since}"
    if why.status == "undecided":
        return f"{task} is {style('undecided', 'yellow')}: it runs if what it needs gives something new"
    changes = plural(len(why.reasons), "change") if why.reasons else why.status
    return f"{task} {style('would run', 'yellow')}: {changes}{since}"


def _reasons(reasons: Sequence[Reason], width: int | None, style: Style, indent: str) -> list[str]:
    kinds = max((len(reason.kind) for reason in reasons), default=0)
    lines = []
    for reason in reasons:
        text = reason_words(reason)
        if reason.what and text.startswith(f"{reason.kind} changed: "):
            text = text[len(reason.kind) + 10 :]
        room = None if width is None else width - len(indent) - kinds - 2
        lines.append(f"{indent}{style(reason.kind.ljust(kinds), 'cyan')}  {clip(text, room)}")
    return lines


def _diff(diff: str, width: int | None, style: Style, verbose: bool) -> list[str]:
    lines = harmless(diff).splitlines()
    cut = len(lines) - LONGEST_DIFF if len(lines) > LONGEST_DIFF and not verbose else 0
    shown = lines[: len(lines) - cut]
    colours = {"+": "green", "-": "red", "@": "cyan"}
    painted = []
    for line in shown:
        heading = line.startswith(("+++", "---"))
        names = ["bold"] if heading else [colours[line[0]]] if line[:1] in colours else []
        painted.append(style(clip(line.expandtabs(4), width), *names))
    return [*painted, f"... {number(cut)} more lines (prun why -v shows all)"] if cut else painted

"""Start-up, and runs in which nothing has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import projects
import rivals
from measure import Cost, Lab, Row

CLICK = "import click"
IMPORTS = "import click, yaml, pydantic"


def startup(lab: Lab) -> Iterator[Row]:
    """prun --help, and prun plan of ten steps that are up to date."""
    ten = projects.chain(lab.folder("ten"), 8)
    settle(lab, ten)
    projects.expect(ten, 8)
    rounds = 2 * lab.rounds + 1
    helped = lab.turns(lambda _: lab.python_c(CLICK), lambda _: lab.time([*lab.prun, "--help"], ten), rounds)
    yield helped.row("help", "prun --help <= 1.5 x import click", CLICK, 1.5)
    planned = lab.turns(lambda _: lab.python_c(IMPORTS), lambda _: lab.time([*lab.prun, "plan"], ten), rounds)
    yield planned.row("plan of 10", "prun plan of ten steps <= 3 x imports", IMPORTS, 3.0)


def warm(lab: Lab) -> Iterator[Row]:
    """Chains and fan-outs of which everything is reused."""
    for shape in ("chain", "fanout"):
        for size in (100, 1000):
            n = lab.size(size)
            folder = made(lab, shape, n)
            yield from _against_doit(lab, shape, n, folder)
    for size, limit in ((10_000, 1.5), (100_000, 3.0)):
        n = lab.size(size)
        folder = made(lab, "fanout", n)
        pairs = lab.turns(lambda _: lab.python_c(IMPORTS), lambda _, f=folder: lab.run(f))
        yield pairs.row(f"warm fan-out {n:,}", f"<= {limit} x imports", IMPORTS, limit)


def _against_doit(lab: Lab, shape: str, n: int, folder: Path) -> Iterator[Row]:
    name = f"warm {shape} {n:,}"
    python = lab.peers.get("doit")
    if python is None:
        pairs = lab.turns(lambda _: lab.python_c(IMPORTS), lambda _: lab.run(folder))
        yield pairs.row(name, "quicker than doit", IMPORTS, None, "doit is not there: --peer doit=VENV")
        return
    theirs = rivals.doit(lab.folder("doit"), shape, n)
    command = [python, "-m", "doit"]
    lab.time(command, theirs)
    projects.expect(theirs, answer(shape, n))
    lab.time(command, theirs)  # result.json was taken away: made again
    pairs = lab.turns(lambda _: lab.time(command, theirs), lambda _: lab.run(folder))
    yield pairs.row(name, "quicker than doit", "doit", 1.0)


def plan(lab: Lab) -> Iterator[Row]:
    """prun plan against a warm run: up to date, after an edit, and on a fresh store."""
    for shape, size in (("chain", 1000), ("fanout", 10_000), ("fanout", 100_000)):
        n = lab.size(size)
        folder = made(lab, shape, n)
        pairs = lab.turns(
            lambda _, f=folder: lab.run(f), lambda _, f=folder: lab.time([*lab.prun, "plan"], f)
        )
        yield pairs.row(f"plan {shape} {n:,}", "as quick as a warm run (<= 1.1 x)", "warm run", 1.1)
    n = lab.size(10_000)
    folder = projects.fanout(lab.folder("edited"), n)
    settle(lab, folder)
    code = (folder / "workfn.py").read_text()

    def edited(k: int) -> Cost:
        (folder / "workfn.py").write_text(code.replace("return x * x", f"return x * x + {k + 1}"))
        cost = lab.time([*lab.prun, "plan"], folder)
        (folder / "workfn.py").write_text(code)
        return cost

    pairs = lab.turns(lambda _: lab.run(folder), edited)
    yield pairs.row(f"plan after an edit, fanout {n:,}", "-", "warm run", None)


def added(lab: Lab) -> Iterator[Row]:
    """One item more in a fan-out of 100,000: that one and what gathers them run."""
    n = lab.size(100_000)
    folder = made(lab, "fanout", n)
    grown = [n]

    def warm_again(_: int) -> Cost:
        lab.run(folder, "-p", f"n={grown[0]}")  # the first one after a change still looks closer
        return lab.run(folder, "-p", f"n={grown[0]}")

    def one_more(_: int) -> Cost:
        grown[0] += 1
        cost = lab.run(folder, "-p", f"n={grown[0]}")
        projects.expect(folder, projects.squares(grown[0]))
        return cost

    pairs = lab.turns(warm_again, one_more)
    yield pairs.row(f"one added to {n:,}", "<= 5 x the warm rerun", "warm run", 5.0)


# ---- helpers ---------------------------------------------------------------------------------------


def settle(lab: Lab, folder: Path) -> None:
    """The first run, and one more after which all that is kept for speed is kept."""
    lab.run(folder)
    lab.run(folder)


MAKERS: dict[str, Callable[[Path, int], Path]] = {"chain": projects.chain, "fanout": projects.fanout}


def answer(shape: str, n: int) -> int:
    return n if shape == "chain" else projects.squares(n)


def made(lab: Lab, shape: str, n: int) -> Path:
    """A project that has run: made once for all benchmarks."""
    folder = lab.work / f"{shape}-{n}"
    if not folder.exists():
        folder.mkdir()
        MAKERS[shape](folder, n)
        settle(lab, folder)
        projects.expect(folder, answer(shape, n))
    return folder

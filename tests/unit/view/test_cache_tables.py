"""What `prun cache` tells, line by line."""

from __future__ import annotations

from typing import Any

from pipeline_runner.app.findings import Finding
from pipeline_runner.app.upkeep import Big, Kind, Stats, StepUse, Swept
from pipeline_runner.app.verify import Verified
from pipeline_runner.view.cache_tables import gc_lines, stats_lines, verify_lines

STORE = "/home/ada/.prun"


def stats(**fields: Any) -> Stats:
    empty = Stats(STORE, 0, 0, 0, 0, 0, 0, (), (), (), 0, 0, 0, 0)
    return empty._replace(**fields)


def swept(**fields: Any) -> Swept:
    return Swept(STORE, False, 0, 0, 0, 0, 2048, 0.0, (), ())._replace(**fields)


def test_an_empty_store() -> None:
    assert stats_lines(stats())[0] == "/home/ada/.prun: 0 B, 0 results of 0 runs"
    assert stats_lines(stats())[-1] == "It holds no results."


def test_one_is_one_and_names_of_others_are_harmless() -> None:
    big = Big("p\x1b[2J", "t[\x1b]0;x\x07]", "o", "list of 1", 9, "r", 1.0)
    use = StepUse("p\x1b[2J", "t", 1, 9, 1.0)
    lines = stats_lines(
        stats(runs=1, entries=1, bytes=9, steps=[use], biggest=[big], lone_entries=1, lone_entry_bytes=9)
    )
    assert lines[0].endswith("1 result of 1 run")
    assert lines[-1] == "No run refers to 1 result (9 B); `prun cache gc --dry-run` tells what can go."
    assert all(line.isprintable() for line in lines)


def test_what_gc_says() -> None:
    assert gc_lines(swept()) == ["Nothing to remove: 2.0 KiB stay."]
    kinds = [Kind("entries", 1, 100)]
    one = gc_lines(swept(entries=1, runs=1, files=2, bytes=100, seconds=7500.0, kinds=kinds, dry_run=True))
    assert one[0] == "Would remove 100 B: 1 result, 1 run record; 2.0 KiB stay."
    assert one[-1] == "To compute it again would take 2h 05m of work."


def test_what_verify_says() -> None:
    whole = Verified(STORE, 1, 1, 9, 0, [])
    assert verify_lines(whole) == [
        f"{STORE}: read 1 entry and 1 file of outputs (9 B)",
        "Everything is whole.",
    ]
    ignored = whole._replace(
        findings=[Finding("ignored", "5 entries", [], "not signed with the store's key")]
    )
    assert verify_lines(ignored)[1] == "  ignored: 5 entries: not signed with the store's key"
    bad = whole._replace(findings=[Finding("damaged-blob", "blobs/ab/cd", ["t\x1b[2J"])])
    assert verify_lines(bad)[1:] == [
        "  damaged output: t?[2J (blobs/ab/cd)",
        "`prun cache verify --repair` removes what is damaged; it is computed again.",
    ]

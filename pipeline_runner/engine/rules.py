"""Trigger rules: whether a step runs, once all that it needs is final. Airflow's names."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.outcome import BLOCKED, CANCELLED, FAILED, SKIPPED, SUCCEEDED

RUN = "run"


def decide(rule: str, needs: Sequence[str]) -> str:
    """What becomes of a task whose needs ended in these states: RUN, SKIPPED or BLOCKED.

    A reused need counts as succeeded; a failed one and a blocked one both as failed.
    """
    succeeded = needs.count(SUCCEEDED)
    skipped = needs.count(SKIPPED)
    failed = needs.count(FAILED) + needs.count(BLOCKED) + needs.count(CANCELLED)
    match rule:
        case "all_done" | "always":
            return RUN
        case "all_success":
            return BLOCKED if failed else SKIPPED if skipped else RUN
        case "none_failed":
            return BLOCKED if failed else RUN
        case "none_failed_min_one_success":
            return BLOCKED if failed else RUN if succeeded or not needs else SKIPPED
        case "one_success":
            return RUN if succeeded or not needs else BLOCKED if failed else SKIPPED
        case "one_failed":
            return RUN if failed else SKIPPED
        case "one_done":
            return RUN if succeeded or failed or not needs else SKIPPED
        case "all_failed":
            return RUN if failed == len(needs) else SKIPPED
        case "all_skipped":
            return RUN if skipped == len(needs) else SKIPPED
        case "none_skipped":
            return SKIPPED if skipped else RUN
    raise AssertionError(f"unknown trigger rule {rule}")

"""Why a task runs, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..model.decision import Reason
from .text import one_line, plural


def reason_words(reason: Reason) -> str:
    """``code changed: churn.model:train (churn/model.py:14)``."""
    kind, what, detail = reason.kind, one_line(reason.what), one_line(reason.detail)
    aside = f" ({detail})" if detail else ""
    match kind:
        case "new":
            return detail or "new"
        case "code":
            return f"code changed: {what}{aside}" if what else f"code changed{aside}"
        case "param" | "package":
            return f"{what or kind}: {detail}" if detail else f"{what or kind} changed"
        case "input" | "file":
            return f"{what or kind} changed{aside}"
        case "python":
            return f"Python: {detail or what or 'another version'}"
        case "version":
            return f"cache.version: {detail}" if detail else "cache.version changed"
        case "forced":
            return "forced"
        case "cache-off":
            return detail or "cache: false"
        case "missing":
            return f"stored result is missing{aside}"
        case "corrupt":
            return f"stored result is damaged{aside}"
    return " ".join(part for part in (kind, what) if part) + aside


def common_reasons(of_tasks: Iterable[tuple[Reason, ...]], most: int = 3) -> str:
    """The reasons of many tasks of a step, the commonest first, with counts where they differ."""
    counted: Counter[str] = Counter()
    tasks = 0
    for reasons in of_tasks:
        tasks += 1
        counted.update(list(dict.fromkeys(reason_words(reason) for reason in reasons)))
    words = []
    for text, count in counted.most_common(most):
        words.append(text if count == tasks else f"{text} ({count:,} of {tasks:,})")
    if len(counted) > most:
        words.append(plural(len(counted) - most, "more reason"))
    return "; ".join(words)

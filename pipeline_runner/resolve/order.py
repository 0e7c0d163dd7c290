"""Order and cycles of a graph given as name -> names it needs. Iterative: chains may be long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import Problem


def in_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Each name after all that it needs; where that leaves a choice, in the given order."""
    done: set[str] = set()
    ordered: list[str] = []
    for start in needs:
        stack = [(start, iter(needs[start]))] if start not in done else []
        open_names = {start}
        while stack:
            name, rest = stack[-1]
            for need in rest:
                if need not in done and need not in open_names and need in needs:
                    open_names.add(need)
                    stack.append((need, iter(needs[need])))
                    break
            else:
                stack.pop()
                if name not in done:
                    done.add(name)
                    ordered.append(name)
    return ordered


def find_cycle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of a cycle, the first repeated at the end, or nothing."""
    done: set[str] = set()
    for start in needs:
        if start in done:
            continue
        path = [start]
        on_path = {start}
        stack = [iter(needs[start])]
        while stack:
            for need in stack[-1]:
                if need in on_path:
                    return [*path[path.index(need) :], need]
                if need not in done and need in needs:
                    path.append(need)
                    on_path.add(need)
                    stack.append(iter(needs[need]))
                    break
            else:
                stack.pop()
                name = path.pop()
                on_path.discard(name)
                done.add(name)
    return []


def waves(needs: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """How many steps have to come before each, along the longest path. ``needs`` is in order."""
    wave: dict[str, int] = {}
    for name, above in needs.items():
        wave[name] = max((wave[n] + 1 for n in above if n in wave), default=0)
    return wave


def sort_problems(problems: Sequence[Problem]) -> list[Problem]:
    """By file and place, each once."""
    unique = list(dict.fromkeys(problems))
    return sorted(unique, key=lambda p: (p.where is None, p.where[:3] if p.where else ("", 0, 0)))

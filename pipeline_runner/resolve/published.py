"""Where results are published: no two at one path."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.graph import Ref, Step
from .scope import Context, Path


def check_publish(context: Context, steps: Mapping[str, Step]) -> None:
    """Tell where two results would be published at one path."""
    seen: dict[str, str] = {}
    for name, step in steps.items():
        for output, target in step.publish.items():
            path: Path = ("steps", name, "publish", output) if output else ("steps", name, "publish")
            if isinstance(target, str):
                shown = target
                varies = False
            else:
                shown = "".join(f"${{{{ {p} }}}}" if isinstance(p, Ref) else p for p in target.parts)
                varies = any(isinstance(p, Ref) and p.root in ("item", "matrix") for p in target.parts)
            if step.fanout is not None and not varies:
                context.problem(
                    "publish", f"every item of {name!r} would be published at {shown!r}", path,
                    "name the item in the path: ${{ item.name }} or ${{ matrix.NAME }}",
                )  # fmt: skip
            elif shown in seen and (not varies or seen[shown] == name):
                context.problem("publish", f"{shown!r} is published by {seen[shown]!r} too", path)
            seen.setdefault(shown, name)

"""A copy of a past output at a path: as it is, or in the format of the path's suffix."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..errors import Problem, PrunError
from .copies import put_file, put_tree


def save(value: Any, path: str) -> None:
    """Text as UTF-8, bytes and files as they are, figures as pictures, else by the suffix.

    Raises ``PrunError`` where that cannot be done.
    """
    target = Path(path).absolute()
    try:
        _save(value, target)
    except OSError as error:
        raise PrunError(Problem("save", f"cannot write {path}: {error.strerror or error}")) from None
    except ValueError as error:  # a folder where a file should be, or the other way round
        raise PrunError(Problem("save", str(error).replace("published", "written"))) from None


def _save(value: Any, target: Path) -> None:
    from ..workers.failure import TaskError
    from ..workers.render import render

    if isinstance(value, str):
        target.write_text(value, encoding="utf-8", newline="")
    elif isinstance(value, (bytes, bytearray)):
        target.write_bytes(value)
    elif isinstance(value, Path) and value.is_dir():
        put_tree(str(value), str(target))
    elif isinstance(value, Path):
        put_file(str(value), str(target))
    elif hasattr(value, "savefig"):
        value.savefig(target)
    elif type(value).__module__.partition(".")[0] == "PIL" and hasattr(value, "save"):
        value.save(target)
    else:
        with tempfile.TemporaryDirectory(prefix="prun-") as folder:
            try:
                made = render(value, target.suffix, folder)
            except TaskError as error:
                text = error.message.replace("publish", "save")
                raise PrunError(Problem("save", text, None, error.hint)) from None
            shutil.copyfile(made, target)

"""The command `prun`, which is `python -m pipeline_runner` too."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command."""
    gc.set_threshold(100_000, 20, 100)  # what modules make as they load is no garbage: do not look through it
    from pipeline_runner.cli import main as cli

    cli.main()


if __name__ == "__main__":
    main()

"""`python -m pipeline_runner`: the same as `prun`."""

from __future__ import annotations

from pipeline_runner.cli.main import main

if __name__ == "__main__":
    main()

"""`prun`: the group of commands. Start-up is a feature: this module imports click and nothing else.

A command's module is imported when that command is asked for, and what it works with when it runs.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from .. import __version__

COMMANDS = {
    "run": "Run what is not up to date.",
    "plan": "Show what would run and why; nothing is run.",
    "check": "Find everything that is wrong before a run.",
    "why": "Tell what changed since a task's last success.",
    "show": "Show a past run, or one of its tasks.",
    "runs": "List past runs.",
    "diff": "Compare two runs: what differs, and what caused what.",
    "debug": "Run one task again in this process, with the inputs that it had.",
    "logs": "Print what a task printed.",
    "graph": "Draw the pipeline, with what the last run made of it.",
    "cache": "Look after the store: stats, gc, verify.",
    "init": "Make a small project that runs.",
    "schema": "Print the JSON Schema of pipeline.yaml.",
}

EXIT_BUG = 70  # BSD's EX_SOFTWARE
EXIT_PIPE = 141  # what a shell reports of a program that SIGPIPE ended


class ReaderGone(Exception):
    """Whoever read our output went away. click would take a BrokenPipeError for exit code 1."""


class Commands(click.Group):
    """Commands that are imported when they are asked for, named with their nearest when misspelt."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the options; `--help` prints here."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their use, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __package__).command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The commands, without importing them."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(n, help=h) for n, h in COMMANDS.items() if n.startswith(incomplete)]
        return found or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Their help in a line each, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown name is answered with the nearest ones."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(f"no command {name!r}. {self._instead(name)}", ctx)
        return super().resolve_command(ctx, args)

    @staticmethod
    def _instead(name: str) -> str:
        from .nearest import did_you_mean

        if name.endswith((".yaml", ".yml")) or os.path.exists(name):
            return f"To run it: prun run {name}"
        return did_you_mean(name, COMMANDS) or f"There are {', '.join(COMMANDS)}."

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run and leave with the exit code; in standalone mode no exception passes."""
        # click's own reading of globs on Windows would take `train[1,3]` for a pattern
        extra = {"windows_expand_args": False, **extra}
        call: Callable[..., Any] = super().main
        if not standalone_mode:
            return call(*args, standalone_mode=False, **extra)
        code = guarded(lambda: call(*args, standalone_mode=False, **extra))
        gc.freeze()  # or the interpreter would look through everything for garbage, several times, as it ends
        sys.exit(code)


def guarded(call: Callable[[], Any]) -> int:
    """Call; every way in which it can end as an exit code, told to the user where it must be."""
    try:
        result = call()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except (ReaderGone, BrokenPipeError):
        # keep Python from complaining when it flushes at exit
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> int:
    from ..errors import PrunError

    if isinstance(error, PrunError) and not os.environ.get("PRUN_DEBUG"):
        from ..view.problems import render
        from .output import colour_of

        colour = colour_of(sys.stderr)
        click.echo(render(error.problems, colour).rstrip("\n"), err=True, color=colour)
        return error.exit_code
    if os.environ.get("PRUN_DEBUG"):
        import traceback

        click.echo("".join(traceback.format_exception(error)).rstrip("\n"), err=True)
    if isinstance(error, PrunError):
        return error.exit_code
    about = " ".join(f"{type(error).__name__}: {error}".split())
    hint = "" if os.environ.get("PRUN_DEBUG") else " (PRUN_DEBUG=1 shows where)"
    click.echo(f"This is a bug in prun: {about}{hint}", err=True)
    return EXIT_BUG


@click.group(
    cls=Commands,
    name="prun",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`prun COMMAND --help` shows examples. Exit codes: 0 all well, 1 a step failed, 2 nothing was run"
    " because the pipeline, the options or the environment are wrong, 130 interrupted.",
)
@click.version_option(__version__, prog_name="prun", message="%(prog)s %(version)s")
def cli() -> None:
    """Run pipelines that are written down in YAML, and only what changed.

    \b
    Example:
      prun init demo && cd demo
      prun plan
      prun run

    \b
    Completion, for bash (zsh and fish likewise):
      eval "$(_PRUN_COMPLETE=bash_source prun)"
    """


def main() -> None:
    """The command `prun`."""
    _prepare_streams()
    cli(prog_name="prun")


def _prepare_streams() -> None:
    """Nothing that is printed may end a run, wherever it goes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, or there is none (pythonw)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console of another code page

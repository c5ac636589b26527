"""The argument parser, and the one place where an error becomes a sentence and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_ophamin.cli import calibrate, keys, pillars, schema, show, sign, synthesise, verify
from pytest_ophamin.cli.output import complain, prepare_output, say
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.records.verify.report import Exit

Command = Callable[[argparse.Namespace], int]

INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C ended."""


def run_command(argv: Sequence[str]) -> int:
    """Parse ``argv``, run the command, turn mistakes into messages."""
    prepare_output()
    arguments = _parser().parse_args(argv)
    command: Command = arguments.run
    try:
        status = command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except OphaminError as error:
        complain(str(error))
        return Exit.USAGE
    except OSError as error:
        complain(f"{error.filename or 'input/output'}: {error.strerror or error}")
        return Exit.USAGE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ophamin", description="Verify, show, sign and pool the evidence that pytest --ophamin-campaign writes."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_verify(commands)
    _add_show(commands)
    _add_synthesise(commands)
    _add_calibrate(commands)
    _add_sign(commands)
    _add_pillars(commands)
    _add_keys(commands)
    _add_schema(commands)
    return parser


class _Version(argparse.Action):
    """Looks the version up when asked: installed metadata is slow to read, and a bare checkout has none."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"ophamin {version('pytest-ophamin')}")
        except PackageNotFoundError:
            say("ophamin, not installed")
        parser.exit()


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "verify",
        help="check signatures and recompute everything",
        description="Fourteen steps over each bundle. Exit 0: all hold; 1: one fails; 2: usage, or no bundle; "
        "3: intact, by a key nobody told me to trust; 4: intact, but a pillar or sidecar is missing here.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="bundle file, or folder that holds some")
    _add_trust(parser)
    expect = parser.add_argument_group("expectations (a true record of something else is no evidence)")
    expect.add_argument("--name", help="campaign name, instead of the folder's")
    expect.add_argument("--commit", help="full id of the commit that must have been tested")
    expect.add_argument("--lock", type=Path, metavar="FILE", help="the ophamin.lock that must have been in force")
    expect.add_argument("--subject", type=Path, metavar="FILE", help="release artifact that must be a subject")
    expect.add_argument("--repo", type=Path, metavar="DIR", help="check commit, lock blob and ancestry in this clone")
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="WHAT",
        help="green, registered, recomputed or max-alpha=A; repeatable",
    )
    parser.set_defaults(run=verify.run)


def _add_trust(parser: argparse.ArgumentParser, *, dest: str = "pillar") -> None:
    parser.add_argument(
        "--trust", action="append", default=[], type=Path, metavar="PEM", help="public key to trust; repeatable"
    )
    _add_pillar(parser, dest=dest)


def _add_pillar(parser: argparse.ArgumentParser, *, dest: str = "pillar") -> None:
    parser.add_argument(
        "--pillar",
        dest=dest,
        action="append",
        default=[],
        metavar="NAME",
        help="entry point of the group 'ophamin' to load pillars from; repeatable",
    )


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("show", help="print what a bundle says, without verifying it")
    parser.add_argument("path", type=Path, metavar="PATH", help="bundle file, or folder that holds some")
    parser.add_argument("--json", action="store_true", help="one statement per line, as JSON")
    parser.add_argument("--claim", action="append", default=[], metavar="ID", help="only this claim; repeatable")
    parser.set_defaults(run=show.run)


def _add_synthesise(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "synthesise",
        help="verify bundles, and ask a pillar about each claim's proofs in a row",
        description="Every bundle is verified first, as `ophamin verify` does; unless all hold, nothing is synthesised "
        "and the exit status is that of `verify`. Exit 1 also where a pillar could compute nothing.",
    )
    parser.add_argument("pillar", metavar="PILLAR", help="name of a synthesising pillar, I.cma (see `ophamin pillars`)")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="bundle file, or folder that holds some")
    parser.add_argument("--claim", action="append", default=[], metavar="ID", help="only this claim; repeatable")
    parser.add_argument("--json", action="store_true", help="one synthesis per line, as JSON")
    _add_trust(parser, dest="from_entry_points")
    parser.set_defaults(run=synthesise.run)


def _add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "calibrate",
        help="measure what benchmark gates can find on this machine",
        description="Compares every benchmark with itself, in fresh processes as a gate does, and tells from that how "
        "often a session would raise a false alarm, leave something INCONCLUSIVE, and which slowdown it finds.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or node ids, as for pytest")
    parser.add_argument(
        "--measure", type=calibrate.whole_blocks, metavar="N", help="pairs to measure now (default: for two minutes)"
    )
    parser.add_argument(
        "--pairs", type=calibrate.whole_blocks, default=30, metavar="N", help="most pairs of a session (default: 30)"
    )
    parser.add_argument(
        "--budget",
        type=calibrate.positive,
        default=50.0,
        metavar="MS",
        help="milliseconds of rounds of one benchmark in one process (default: 50)",
    )
    parser.add_argument(
        "--threshold", type=calibrate.ratio, default=1.05, metavar="RATIO", help="limit of the ratio (default: 1.05)"
    )
    parser.add_argument(
        "--alpha", type=calibrate.level, default=0.05, metavar="ALPHA", help="level of a session (default: 0.05)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=calibrate.run)


def _add_pillars(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "pillars",
        help="list the statistical methods that are installed",
        description="Names, roles, questions, methods and origins. Entry points of other packages are listed by name "
        "and not loaded unless asked: loading one runs its package's code.",
    )
    parser.add_argument("--load", action="store_true", help="load every installed entry point of the group 'ophamin'")
    parser.add_argument("--json", action="store_true", help="one pillar per line, as JSON")
    _add_pillar(parser, dest="from_entry_points")
    parser.set_defaults(run=pillars.run)


def _add_sign(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "sign",
        help="check a campaign.unsigned.jsonl and sign it",
        description="Runs verification steps 5 to 12 first and signs nothing that does not hold. "
        "The key is OPHAMIN_SIGNING_KEY, else the user's own.",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="campaign.unsigned.jsonl, or its folder")
    _add_pillar(parser)
    parser.set_defaults(run=sign.run)


def _add_keys(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("keys", help="make or show the user's signing key")
    actions = parser.add_subparsers(required=True, metavar="new|show")
    actions.add_parser("new", help="make a key; an existing one is never overwritten").set_defaults(run=keys.run_new)
    actions.add_parser("show", help="print the public half").set_defaults(run=keys.run_show)


def _add_schema(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("schema", help="the JSON Schemas of the records")
    actions = parser.add_subparsers(required=True, metavar="export|validate")
    export = actions.add_parser("export", help="write the schema files into a folder")
    export.add_argument("folder", type=Path, metavar="DIR")
    export.set_defaults(run=schema.run_export)
    validate = actions.add_parser("validate", help="check form and schema only: no signature, nothing recomputed")
    validate.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    validate.set_defaults(run=schema.run_validate)

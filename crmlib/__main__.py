"""The command line: ``python -m crmlib --help``.

Every command is one function here that imports what it needs when it is called, and one entry in
`build_parser`. It returns the exit code: 0, or 1 if there is something to mend.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from crmlib.commands import (
    add_door_options,
    add_report_options,
    add_score_options,
    door_arguments,
    says_what_is_wrong,
)


def refresh(options) -> int:
    """Run notebooks again and store their outputs."""
    from crmlib.teaching import course

    root = course.find_root()
    failed = False
    for path in options.notebook or course.notebooks(root, "", "solutions", "your_data"):
        start = time.monotonic()
        try:
            text = course.refreshed(path)
        except course.NotebookError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        if options.check:
            changed = path.read_bytes() != text.encode()
            failed |= changed
        else:
            changed = course.write_if_changed(path, text)
        word = ("differs" if options.check else "written") if changed else "unchanged"
        print(f"{path.name}: {word}, {time.monotonic() - start:.0f} s")
    return int(failed)


def exercises(options) -> int:
    """Derive notebooks/exercises from notebooks/solutions."""
    from crmlib.teaching import course

    stale, failed = [], False
    for solution in course.notebooks(course.find_root(), "solutions"):
        target = course.exercise_path(solution)
        try:
            text = course.exercise(solution)
        except course.NotebookError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        if options.check:
            if not target.exists() or target.read_bytes() != text.encode():
                stale.append(target.name)
        elif course.write_if_changed(target, text):
            print(f"{target.name}: written")
    for name in stale:
        print(f"{name}: not what its solutions generate: run `python -m crmlib exercises`")
    return int(failed or bool(stale))


def case(options) -> int:
    """Make the tables of the case company again, in datasets/hailang."""
    from crmlib.data import simulate_case
    from crmlib.data.case import FOLDER, SEED, write_case

    with tempfile.TemporaryDirectory() as scratch:
        made = write_case(simulate_case(seed=SEED), Path(scratch))
        extra = [path.name for path in FOLDER.glob("*") if path.name not in {each.name for each in made}]
        for name in extra:
            print(f"{name}: no table of the case; take it away")
        stale = [path for path in made
                 if not (FOLDER / path.name).exists() or (FOLDER / path.name).read_bytes() != path.read_bytes()]
        for path in stale:
            print(f"{path.name}: {'not what the generator makes' if options.check else 'written'}")
            if not options.check:
                FOLDER.mkdir(parents=True, exist_ok=True)
                (FOLDER / path.name).write_bytes(path.read_bytes())
    return int(bool(extra) or (options.check and bool(stale)))


def lint(options) -> int:
    """Check the notebooks, the ledger of claims and the glossary, and which concepts have no chapter yet."""
    from crmlib.teaching import claims, course, glossary, lint

    root = course.find_root()
    findings = [f for path in options.notebook or course.notebooks(root, *course.FOLDERS)
                for f in lint.findings(path)]
    if not options.notebook:
        coverage = lint.concept_coverage(root)
        findings += [*coverage.findings, *claims.findings(root), *glossary.findings(root)]
        print(coverage.report)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding{'' if len(findings) == 1 else 's'}")
    return int(bool(findings))


@says_what_is_wrong
def inspect(options) -> int:
    """Look at a file of orders: which column is which and why, what would be refused, and the call to copy."""
    from crmlib.inspection import described, inspect_file

    found = inspect_file(options.file, sheet=options.sheet)
    print(described(found))
    return int(bool(found.unsolved))


@says_what_is_wrong
def report(options) -> int:
    """Write what your own orders say about your customers: one HTML page, with what could not be said and why."""
    from crmlib.report.command import run

    return run(options)


@says_what_is_wrong
def score(options) -> int:
    """Give every customer in a file of orders a lifetime value, whatever the file's size."""
    from crmlib.scoring import score_orders

    door = door_arguments(options)
    if "margin" in door:
        raise ValueError("scores take the same margin for everybody: leave the column margin out, pass --margin-share")
    if options.models:
        options.models.mkdir(parents=True, exist_ok=True)
    scores = score_orders(
        options.orders, out=options.out, observation_end=options.observation_end, horizon=options.horizon_months,
        horizon_unit="month", margin=options.margin_share, annual_discount_rate=options.annual_discount_rate,
        unit=options.unit, model=options.model, nonpositive=options.nonpositive, memory_limit=options.memory_limit,
        passes=options.passes, progress=not options.quiet, **door)
    if options.models:
        for fitted in (scores.purchases, scores.spend):
            fitted.to_json(options.models / f"{fitted.name.replace('/', '-').lower()}.json")
    low, estimate, high = scores.total
    print(f"{scores.customers:,} customers scored, written to {options.out}")
    print(scores.purchases)
    print(scores.spend)
    print(f"lifetime value over {options.horizon_months:g} months: {estimate:,.0f} in total "
          f"(95 % interval of the mean {low:,.0f} to {high:,.0f}), {estimate / scores.customers:,.2f} per customer")
    return 0


def slides(options) -> int:
    """Make a deck of slides of every chapter, in build/slides."""
    from crmlib.teaching import course, slides, slides_check

    root = course.find_root()
    paths = options.notebook or [path for path in course.notebooks(root, "") if path.name[:2].isdigit()]
    try:
        made = slides.build(paths, options.to or root / "build" / "slides", code=options.code)
        problems = slides_check.check([path for path, _ in made]) if options.check else []
    except (slides.SlideError, slides_check.NoBrowser) as error:
        print(error, file=sys.stderr)
        return 1
    for path, count in made:
        print(f"{path}: {count} slides")
    for problem in problems:
        print(problem)
    if options.check:
        print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return int(bool(problems))


def grade(options) -> int:
    """Mark submitted exercise notebooks, each on its student's own company, and write a table of points and hints."""
    from crmlib.errors import DataError
    from crmlib.teaching.grade.marking import grade as mark
    from crmlib.teaching.grade.sandbox import Limits

    start = time.monotonic()
    try:
        if not options.out.parent.is_dir():
            raise DataError(f"--out {options.out}: there is no folder {options.out.parent}")
        marks = mark(options.submissions, options.roster, weights=dict(options.weight), parallel=options.parallel,
                     limits=Limits(seconds=options.seconds, memory=options.memory))
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        written = marks.write(options.out)
    except OSError as error:  # such as a table that is open in a spreadsheet; the marks have cost minutes
        written = marks.write(Path(tempfile.mkdtemp(prefix="marks-")) / options.out.name)
        print(f"{options.out} could not be written ({error.strerror}): the marks are elsewhere", file=sys.stderr)
    for path in written:
        print(f"{path}: written")
    print(f"{len(marks.students)} student{'' if len(marks.students) == 1 else 's'}, {time.monotonic() - start:.0f} s")
    print("held back by: time and memory watched; " + "; ".join(marks.protections))
    for each in marks.missing:
        print(f"NOT on this machine: {each}. Mark on Linux, or in a virtual machine")
    return 0


def _weight(text):
    name, _, points = text.partition("=")
    return name, float(points)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m crmlib", description="Tools of the course.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(function, *, check=None, files=None):
        sub = commands.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        sub.set_defaults(run=function)
        if check:
            sub.add_argument("--check", action="store_true", help=check)
        if files:
            sub.add_argument("notebook", nargs="*", type=Path, help=files)
        return sub

    command(refresh, check="write nothing; exit code 1 if a notebook would change",
            files="notebooks to run (default: all chapters and solutions)")
    command(exercises, check="write nothing; exit code 1 if an exercise is out of date")
    command(case, check="write nothing; exit code 1 if a table is not what the generator makes")
    looking = command(inspect)
    looking.add_argument("file", help="one CSV, Excel or Parquet file; exit code 1 if something in it is to be mended")
    looking.add_argument("--sheet", metavar="NAME", help="of a workbook; may be left out if only one holds something")
    add_door_options(scoring := command(score))
    add_score_options(scoring)
    command(lint, files="notebooks to check (default: all, with concepts, claims and glossary)")
    add_door_options(reporting := command(report))
    add_report_options(reporting)
    deck = command(slides, check="look at every slide in a Chromium; exit code 1 if something cannot be seen or read",
                   files="notebooks to make slides of (default: all chapters)")
    deck.add_argument("--code", action="store_true", help="show the code of a slide on a slide below it")
    deck.add_argument("--to", type=Path, help="the folder for the decks (default: build/slides)")
    marking = command(grade)
    marking.add_argument("submissions", type=Path, help="the folder with the notebooks")
    marking.add_argument("--roster", type=Path, required=True, help="CSV with the columns student, seed, file")
    marking.add_argument("--out", type=Path, default=Path("marks.csv"), help="where to write (default: marks.csv)")
    marking.add_argument("--weight", type=_weight, action="append", default=[], metavar="08.9=2",
                         help="points of a question, if not 1; may be repeated")
    marking.add_argument("--parallel", type=int, default=2, help="notebooks at the same time (default: 2)")
    marking.add_argument("--seconds", type=int, default=180, help="for one notebook (default: 180)")
    marking.add_argument("--memory", type=int, default=2000, help="MB for one notebook (default: 2000)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    for path in getattr(options, "notebook", []):
        if not path.is_file():
            parser.error(f"there is no file {path}")
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())

"""Who handed in what: a CSV file with the columns ``student``, ``seed`` and ``file``."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crmlib.errors import DataError

COLUMNS = ("student", "seed", "file")


@dataclass(frozen=True)
class Submission:
    """A row of the roster; `file` is "" where nothing was handed in."""

    student: str
    seed: int
    file: str
    chapter: str


def read_roster(path: Path) -> list[Submission]:
    """Read a roster and say all that is wrong with it.

    A row per submission: ``student`` (a name or number), ``seed`` (a whole number, the student's own), ``file`` (below
    the folder of submissions; empty: nothing handed in). The chapter is the number that the file's name begins with,
    ``08_churn_loss.ipynb`` or ``08.ipynb``; a fourth column ``chapter`` says it where the name does not. Commas or
    semicolons, UTF-8.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Submission

    Raises
    ------
    DataError
        If a column is missing, or rows contradict each other; all problems, with their lines.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not UTF-8: in a spreadsheet, save it as CSV UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}: a roster is a CSV file with columns "
                        f"{', '.join(COLUMNS)}") from None
    separator = ";" if lines and ";" in lines[0] and "," not in lines[0] else ","
    reader = csv.DictReader(lines, delimiter=separator)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(f"{path.name} has no column {', '.join(missing)}: its first line is to be student,seed,file")
    found, problems = [], []
    for row in reader:
        row = {name: (text or "").strip() for name, text in row.items() if isinstance(name, str)}
        if not any(row.values()):
            continue
        wrong = _problem(row)
        if wrong:
            problems.append(f"line {reader.line_num}: {wrong}")
        else:
            found.append(Submission(row["student"], int(row["seed"]), row["file"], _chapter(row)))
    problems += _contradictions(found)
    if not found and not problems:
        problems = ["no submission in it"]
    if problems:
        raise DataError(f"{path.name}: " + "; ".join(problems[:10])
                        + (f"; and {len(problems) - 10} more" if len(problems) > 10 else ""))
    return found


def _chapter(row):
    name = PurePosixPath(row["file"].replace("\\", "/")).name
    found = re.match(r"\d\d?$", row.get("chapter", "")) or re.match(r"\d\d(?!\d)", name)
    return found[0].zfill(2) if found else ""


def _problem(row):
    """Return what is wrong with a row, "" if nothing is."""
    if not row["student"]:
        return "no student"
    if not re.fullmatch(r"[0-9]{1,18}", row["seed"]):
        return f"seed {row['seed']!r} is not a whole number"
    parts = PurePosixPath(row["file"].replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in row["file"]:
        return f"{row['file']} leads out of the folder of submissions"
    if not _chapter(row):
        what = f"the file {row['file']!r} does not begin with" if row["file"] else "without a file there is not"
        return f"{what} the number of a chapter: add a column chapter"
    return ""


def _contradictions(rows):
    seeds, students, files = {}, {}, {}
    for row in rows:
        seeds.setdefault(row.seed, set()).add(row.student)
        students.setdefault(row.student, set()).add(row.seed)
        files[row.student, row.chapter] = files.get((row.student, row.chapter), 0) + 1
    yield from (f"seed {seed} is given to {', '.join(sorted(who))}: each needs a company of their own (a group that "
                "hands in together is one student)" for seed, who in seeds.items() if len(who) > 1)
    yield from (f"{student} has the seeds {', '.join(map(str, sorted(each)))}: one student, one company"
                for student, each in students.items() if len(each) > 1)
    yield from (f"{student} hands in chapter {chapter} {count} times"
                for (student, chapter), count in files.items() if count > 1)


def tidy(text: str) -> str:
    """Return a text that a spreadsheet shows and does not compute, on one line.

    Examples
    --------
    >>> tidy("=1+1"), tidy("Li"), tidy("a" + chr(10) + "b")
    ("'=1+1", 'Li', 'a b')
    """
    text = "".join(c if c.isprintable() else " " for c in str(text))  # lone surrogates too: they cannot be written
    return "'" + text if text.lstrip()[:1] in tuple("=+-@＝＋－＠") else text

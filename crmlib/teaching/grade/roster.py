"""Who handed in what: a CSV file with the columns ``student``, ``seed`` and ``file``."""

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
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
    line: int = field(default=0, compare=False)


def read_roster(path: Path) -> list[Submission]:
    """Read a roster and say all that is wrong with it.

    A row per submission: ``student`` (a name or number), ``seed`` (a whole number, the student's own), ``file`` (below
    the folder of submissions; empty: nothing handed in). The chapter is the number that the file's name begins with,
    ``08_churn_loss.ipynb`` or ``08.ipynb``; a fourth column ``chapter`` says it where the name does not. Commas,
    semicolons or tabs, UTF-8.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Submission

    Raises
    ------
    DataError
        If a column is missing, or rows contradict each other: the first ten problems, with their lines.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not UTF-8: in a spreadsheet, save it as CSV UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}: a roster is a CSV file with columns "
                        f"{', '.join(COLUMNS)}") from None
    reader = csv.reader(lines, delimiter=next((each for each in ",;\t" if each in lines[0]), ","))
    try:
        header, *rows = [(reader.line_num, [text.strip() for text in row]) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path.name}, line {reader.line_num}: {error}: is a quote not closed?") from None
    names = [name.casefold() for name in header[1]]
    missing = [name for name in COLUMNS if names.count(name) != 1]
    if missing or names.count("chapter") > 1:
        raise DataError(f"{path.name} has no column {', '.join(missing) or 'chapter'}, or several: its first line is "
                        "to be student,seed,file")
    found, problems = [], []
    for line, texts in rows:
        if not any(texts):
            continue
        row = dict.fromkeys(names, "") | dict(zip(names, texts, strict=False))
        wrong = "more fields than columns: is a comma in a name?" if any(texts[len(names):]) else _problem(row)
        if wrong:
            problems.append(f"line {line}: {wrong}")
        else:
            # an accent may be a character of its own, or part of its letter
            student = unicodedata.normalize("NFC", row["student"])
            found.append(Submission(student, int(row["seed"]), row["file"], _chapter(row), line))
    problems += _contradictions(found)
    if not found and not problems:
        problems = ["no submission in it"]
    if problems:
        raise DataError(f"{path.name}: " + "; ".join(problems[:10])
                        + (f"; and {len(problems) - 10} more" if len(problems) > 10 else ""))
    return found


def _of_name(row):
    found = re.match(r"[0-9]{2}(?![0-9])", _place(row["file"]).name)
    return found[0] if found else ""


def _chapter(row):
    return row.get("chapter", "").zfill(2) if row.get("chapter") else _of_name(row)


def _place(file):
    return PurePosixPath(file.replace("\\", "/"))


def _problem(row):
    """Return what is wrong with a row, "" if nothing is."""
    if not row["student"]:
        return "no student"
    if not re.fullmatch(r"[0-9]{1,18}", row["seed"]):
        return f"seed {row['seed']!r} is not a whole number"
    if not row["file"].isprintable():
        return f"{row['file']!r} is no name of a file"
    parts = _place(row["file"])
    if parts.is_absolute() or ".." in parts.parts or ":" in row["file"]:
        return f"{row['file']} leads out of the folder of submissions"
    if row.get("chapter") and not re.fullmatch(r"[0-9]{1,2}", row["chapter"]):
        return f"chapter {row['chapter']!r} is not the number of a chapter"
    if _of_name(row) and _of_name(row) != _chapter(row):
        return f"chapter {row['chapter']}, but the file is {row['file']}"
    if not _chapter(row):
        what = f"the file {row['file']!r} does not begin with" if row["file"] else "without a file there is not"
        return f"{what} the number of a chapter: add a column chapter"
    return ""


def _contradictions(rows):
    seeds, students, handed_in, files = (defaultdict(list) for _ in range(4))
    for row in rows:
        seeds[row.seed].append(row)
        students[row.student].append(row)
        handed_in[row.student, row.chapter].append(row)
        if row.file:
            files[_place(row.file)].append(row)

    def at(rows):
        return f"lines {', '.join(str(row.line) for row in rows)}: "

    for seed, each in seeds.items():
        if len(who := sorted({row.student for row in each})) > 1:
            yield at(each) + (f"seed {seed} is given to {', '.join(who)}: each needs a company of their own (a group "
                              "that hands in together is one student)")
    for student, each in students.items():
        if len(own := sorted({row.seed for row in each})) > 1:
            yield at(each) + f"{student} has the seeds {', '.join(map(str, own))}: one student, one company"
    for (student, chapter), each in handed_in.items():
        if len(each) > 1:
            yield at(each) + f"{student} hands in chapter {chapter} {len(each)} times"
    for file, each in files.items():
        if len(each) > 1:
            yield at(each) + f"{file} is handed in by {', '.join(row.student for row in each)}"

"""From what the notebooks handed in to a table of points and hints."""

import ast
import math
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from crmlib.data import load_case
from crmlib.data.export import write_csv
from crmlib.errors import DataError
from crmlib.teaching import answers, course, questions
from crmlib.teaching.check import check
from crmlib.teaching.grade import sandbox
from crmlib.teaching.grade.roster import read_roster

OWN = "own"  # a question about the student's own company


@dataclass
class Marks:
    """What `grade` found.

    Attributes
    ----------
    students : pandas.DataFrame
        One row per student: ``student, seed, points, out_of, remarks``, and a column of points per chapter.
    answers : pandas.DataFrame
        One row per question asked: ``student, file, question, points, out_of, verdict, hint``.
    protections : list of str
        What held the notebooks back on this machine.
    missing : list of str
        What this machine could not forbid.
    """

    students: pd.DataFrame
    answers: pd.DataFrame
    protections: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def write(self, path: Path) -> list[Path]:
        """Write the two tables, ``marks.csv`` and beside it ``marks-answers.csv``; return the paths."""
        path = Path(path)
        return [write_csv(self.students, path),
                write_csv(self.answers, path.with_name(f"{path.stem}-answers{path.suffix}"))]


def grade(submissions: Path, roster: Path, *, weights: dict[str, float] | None = None, parallel: int = 2,
          limits: sandbox.Limits | None = None) -> Marks:
    """Run each submission on its student's company and mark what it hands in.

    Parameters
    ----------
    submissions : Path
        The folder with the notebooks.
    roster : Path
        See `read_roster`.
    weights : dict of str to float, optional
        Points of questions that count other than 1, for instance ``{"08.9": 2}``.
    parallel : int
        Notebooks at the same time.
    limits : Limits, optional
        What one notebook may use.

    Returns
    -------
    Marks

    Raises
    ------
    DataError
        If the roster cannot be used, there is no such folder, or a weight or `parallel` makes no sense. Never because
        of a notebook.
    """
    if not Path(submissions).is_dir():
        raise DataError(f"{submissions} is no folder: it is to hold the notebooks that the roster lists")
    if parallel < 1:
        raise DataError(f"parallel is {parallel}: at least one notebook has to run")
    rows = read_roster(roster)
    asked = {chapter: exercise_questions(chapter) for chapter in sorted({row.chapter for row in rows})}
    weights = _checked(weights or {}, asked)
    handed = _run_all(Path(submissions), rows, asked, parallel, limits or sandbox.Limits())
    verdicts, expected = _judged(rows, asked, handed)
    remarks = {row: [*_about_others(row, rows, asked, handed, verdicts, expected), *handed[row].remarks,
                     *_about_questions(row, asked, handed[row]), *_about_cells(handed[row])] for row in rows}
    held = [each.protections for each in handed.values() if each.protections is not None]
    layers = [name for name in sandbox.LAYERS if held and all(name in each for each in held)]
    return Marks(*_tables(rows, asked, verdicts, remarks, weights),
                 protections=[sandbox.LAYERS[name] for name in layers],
                 missing=[text for name, text in sandbox.LAYERS.items() if held and name not in layers])


# --------------------------------------------------------------------------------------- the exercise


def exercise_questions(chapter: str) -> dict[str, str | int | None]:
    """Return the questions of a chapter's exercises, and the company each is about.

    Read from the course's own notebook, so that a submission cannot choose its questions.

    Returns
    -------
    dict of str
        ``"own"`` for the student's company, a seed for a company that the exercise names, None for no company.

    Examples
    --------
    >>> exercise_questions("08")["08.8"], exercise_questions("08")["08.9"], exercise_questions("00")["00.1"]
    ('own', 20261234, None)
    """
    code = "\n".join(cell.source for cell in _exercise(chapter).cells if cell.cell_type == "code")
    companies, found = {}, {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Assign) and _calls(node.value, "load_case") and isinstance(node.targets[0], ast.Name):
            seeds = [word.value.value for word in node.value.keywords
                     if word.arg == "seed" and isinstance(word.value, ast.Constant)]
            companies[node.targets[0].id] = seeds[0] if seeds else OWN
    for node in ast.walk(ast.parse(code)):
        if _calls(node, "check") and node.args and isinstance(node.args[0], ast.Constant):
            question, given = node.args[0].value, {word.arg: ast.unparse(word.value) for word in node.keywords}
            if set(given) - {"case"} or given.get("case", "") not in {"", *companies}:
                raise DataError(f"chapter {chapter}: check({question!r}, …) is to be given a company that one line "
                                f"`name = load_case(…)` makes, and nothing else; it is given {given}")
            found[question] = companies[given["case"]] if given else None
    return found


def _exercise(chapter):
    paths = [p for p in course.notebooks(course.find_root(Path(__file__).parent), "exercises")
             if p.name.startswith(f"{chapter}_")]
    if not paths:
        raise DataError(f"chapter {chapter} has no exercises: a submission's file name begins with the number of its "
                        "chapter, or the roster has a column chapter")
    return course.read(paths[0])


def _calls(node, name):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _checked(weights, asked):
    every = {question for each in asked.values() for question in each}
    wrong = [name for name in weights if name not in every]
    if wrong:
        raise DataError(f"a weight for {', '.join(wrong)}, which is not asked; asked are {', '.join(sorted(every))}")
    wrong = [f"{name}={weight:g}" for name, weight in weights.items() if not 0 <= weight < math.inf]
    if wrong:
        raise DataError(f"a weight is a number of points, 0 or more, and not {', '.join(wrong)}")
    return weights


# ------------------------------------------------------------------------------------------- running


def _run_all(folder, rows, asked, parallel, limits):
    """Run the submissions, some at a time; return what each handed in."""

    def run(row):
        if not row.file:
            return sandbox.Handed(remarks=["nothing handed in"])
        path = folder / row.file
        others = [company for company in asked[row.chapter].values() if isinstance(company, int)]
        try:
            if folder.resolve() not in path.resolve().parents:
                return sandbox.Handed(remarks=["leads out of the folder of submissions: not read"])
            return sandbox.run(path, seed=row.seed, others=others, limits=limits)
        except Exception as error:  # one notebook must not cost the others their marks
            return sandbox.Handed(remarks=[f"could not be run ({type(error).__name__}: {error})"])

    with ThreadPoolExecutor(parallel) as pool:
        return dict(zip(rows, pool.map(run, rows), strict=True))


# ------------------------------------------------------------------------------------------- marking


_NOTHING = None  # where there was no answer to judge


@lru_cache(maxsize=1)
def _company(seed):
    return load_case(seed=seed)


def _judged(rows, asked, handed):
    """Return the feedback on each answer, and the right answers on the companies of the class."""
    work = defaultdict(list)
    for row in rows:
        for question, company in asked[row.chapter].items():
            work[row.seed if company == OWN else company].append((row, question, company))
    verdicts, expected = {}, {}
    for seed, tasks in work.items():  # one company after another: it is made once, and the questions remember one
        context = {} if seed is None else {"case": _company(seed)}
        for row, question, company in tasks:
            answer = handed[row].answers.get(question, _NOTHING)
            verdicts[row, question] = _NOTHING if answer is _NOTHING else check(question, answer, **context)
            if company == OWN and (question, seed) not in expected:
                expected[question, seed] = questions.load(row.chapter)[question].expected(**context)
    return verdicts, expected


def _about_questions(row, asked, handed) -> Iterable[str]:
    known = asked[row.chapter]
    twice = [name for name in sorted(handed.repeated) if name in known]
    if twice:
        yield f"{', '.join(twice)} answered more than once: the last answer counts"
    unknown = sorted(name for name in handed.answers if name not in known)
    names = ", ".join(map(repr, unknown[:5]))  # the notebook's own words, so in quotes
    if unknown and not set(handed.answers) & set(known):
        yield f"no answer to chapter {row.chapter}; it answers {names}: is it another chapter?"
    elif unknown:
        yield f"answers what is not asked: {names}"


def _about_cells(handed, most=6) -> Iterable[str]:
    more = len(handed.errors) - most
    yield from handed.errors[:most]
    if more > 0:
        yield f"and {more} more cell{'' if more == 1 else 's'} failed"


def _about_others(row, rows, asked, handed, verdicts, expected) -> Iterable[str]:
    """Say where a submission is about another company than the student's, or is another student's."""
    if handed[row].reads_solutions:
        yield "the notebook reaches for the questions' own computations"
    by_seed = {each.seed: each.student for each in rows}
    for seed in sorted(handed[row].asked_for - {row.seed})[:3]:
        whose = f", the company of {by_seed[seed]}" if seed in by_seed else ""
        yield f"asks for seed {seed}{whose}; it was given {row.seed}"
    wrong = [q for q, company in asked[row.chapter].items()
             if company == OWN and verdicts[row, q] is not None and verdicts[row, q].correct is False]
    alike = []
    for seed, student in by_seed.items():
        if seed == row.seed:
            continue
        right = {q: how for q in wrong
                 if (q, seed) in expected and (how := _agrees(row.chapter, q, handed[row].answers[q],
                                                              expected[q, seed]))}
        if len(right) > 1 or "exactly" in right.values():
            alike.append(f"right on the company of {student} (seed {seed}): {', '.join(right)}")
    yield from alike[:5]
    if len(alike) > 5:
        yield f"and on {len(alike) - 5} more companies of the class"
    same = [each.student for each in rows if each.student != row.student and each.chapter == row.chapter
            and handed[row].code and handed[each].code == handed[row].code]
    if same and handed[row].code != _untouched(row.chapter):
        yield f"the same code as {', '.join(same[:5])}"


@cache
def _untouched(chapter):
    return sandbox.fingerprint({n: cell.source for n, cell in enumerate(_exercise(chapter).cells)
                                if cell.cell_type == "code" and cell.source.strip()})


def _agrees(chapter, question, answer, right) -> str:
    """Return whether an answer is the right one of another company: "", "roughly" (it may be chance) or "exactly"."""
    kind, rule = answers.kind_of(right), questions.load(chapter)[question]
    if kind != answers.kind_of(0.5):  # words: the choices are few, so agreeing says nothing
        return ""
    try:
        given, right = kind.reduce(answer, rule), kind.reduce(right, rule)
    except answers.Unusable:
        return ""
    if not kind.same(given, right, rule.tolerance):
        return ""
    return "exactly" if kind.same(given, right, 0.0) and (right % 1 != 0).any() else "roughly"


# -------------------------------------------------------------------------------------------- tables


def _tables(rows, asked, verdicts, remarks, weights):
    lines = []
    for row in rows:
        for question in asked[row.chapter]:
            feedback, worth = verdicts[row, question], weights.get(question, 1)
            word, hint = _in_words(feedback, question)
            lines.append({"student": row.student, "seed": row.seed, "file": row.file, "chapter": row.chapter,
                          "question": question, "points": worth if word == "correct" else 0, "out_of": worth,
                          "verdict": word, "hint": hint})
    each = pd.DataFrame(lines)
    by_student = each.groupby("student", sort=False)
    students = by_student.agg(seed=("seed", "first"), points=("points", "sum"), out_of=("out_of", "sum"))
    chapters = each.pivot_table(index="student", columns="chapter", values="points", aggfunc="sum", sort=False)
    chapters = chapters.convert_dtypes()  # a chapter not handed in is empty, not 0
    said = {student: [] for student in students.index}
    for row in rows:
        many = sum(other.student == row.student for other in rows) > 1
        said[row.student] += [f"{row.chapter}: {text}" if many else text for text in remarks[row]]
    students = students.join(chapters.add_prefix("chapter ")).assign(
        remarks=[" | ".join(said[student]) for student in students.index])
    return students.reset_index(), each.drop(columns="chapter")


def _in_words(feedback, question):
    if feedback is _NOTHING:
        return "no answer", (f"check(\"{question}\", …) was not reached: is the cell deleted or renamed, or did the "
                             "notebook end before it?")
    if feedback.correct:
        return "correct", ""
    if feedback.correct is None:
        return ("unanswered" if "not answered yet" in feedback.message else "no verdict"), feedback.message
    return "not yet", feedback.message

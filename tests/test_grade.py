"""Marking a class: what is handed in is judged in our process, and no notebook can stop the others being marked."""

import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import crmlib
from crmlib import __main__ as cli
from crmlib.data import load_case
from crmlib.errors import DataError
from crmlib.teaching import questions
from crmlib.teaching.check import check
from crmlib.teaching.grade import restrict, sandbox
from crmlib.teaching.grade.marking import _untouched, exercise_questions, grade
from crmlib.teaching.grade.packing import DEEPEST, LONGEST, TooLarge, packed, unpacked
from crmlib.teaching.grade.roster import read_roster
from crmlib.teaching.grade.sandbox import fingerprint

LIMITS = sandbox.Limits(seconds=100, cell_seconds=3, memory=1_000)
IMPORT = "from crmlib.teaching.check import check"


def submission(path, *cells):
    """Write a notebook of code cells; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(new_notebook(cells=[new_code_cell(source) for source in cells])), encoding="utf-8")
    return path


def roster(path, *rows, header="student,seed,file"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def right(question, **context):
    return questions.load(question[:2])[question].expected(**context)


# -------------------------------------------------------------------------------------- one class, marked once

LI, WANG = 20260011, 20260012
# a cell that takes back what its notebook has told of itself, and claims that there is no protection
REWRITE = """import os, json
lies = [{"protections": []}, {"cells": 1, "code": "f" * 64, "reads_solutions": False}, {"cell": 1e999}, {"cell": -1},
        {"cell": 1, "error": "x" * 3_000_000}]
for n in range(3, 30):
    try:
        os.lseek(n, 0, 0)
        os.ftruncate(n, 0)
    except OSError:
        pass
    try:
        os.write(n, "".join(json.dumps(each) + "\\n" for each in lies).encode())
    except OSError:
        pass"""


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    """A class of chapters 00 and 02, among it every kind of broken notebook, marked by the command."""
    folder = tmp_path_factory.mktemp("class")
    li, wang = load_case(seed=LI), load_case(seed=WANG)
    came_back = float(right("00.1"))
    # the computation stands for any way to the answer: it is right for whatever company the notebook is given
    compute = Path(questions.__file__).with_name("chapter_02.py").read_text(encoding="utf-8")
    solved = [IMPORT, "from crmlib.data import load_case", compute, "case = load_case(seed=None)",
              "mean = QUESTIONS['02.5'].expected(case=case)", "check('02.5', mean, case=case)",
              "check('02.9', QUESTIONS['02.9'].expected(case=case), case=case)"]
    # Wang types in what came out for Li, asks for Li's company and for the computations, and hides behind failing cells
    copied = [IMPORT, *["1 / 0"] * 8, "from crmlib.teaching.questions.chapter_02 import QUESTIONS",
              "from crmlib.data import load_case", f"case = load_case(seed={LI})", REWRITE,
              f"check('02.5', {float(right('02.5', case=li))!r}, case=case)",
              f"check('02.9', {float(right('02.9', case=li))!r}, case=case)"]
    share = f"check('00.1', {came_back!r})"
    submission(folder / "02_li.ipynb", *solved)
    submission(folder / "02_wang.ipynb", *copied)
    submission(folder / "00_last.ipynb", IMPORT, "check('00.1', 3)", f"{share}  # the last", "check('00.2', ...)")
    submission(folder / "00_cells.ipynb", IMPORT, "while True:\n    pass",
               "raise ValueError('=cmd() | right on the company of =Li')",
               "exit()", "!ls\n%matplotlib inline\nawait __import__('asyncio').sleep(0)", "syntax error", share,
               f"check('00.11', {came_back!r})", "check('| 00.2 \\ud800', 1)", "check('00.2', '\\ud800=1')")
    submission(folder / "00_gone.ipynb", IMPORT, share, "import os", "os._exit(3)", "check('00.2', 1)")
    submission(folder / "00_dead.ipynb", IMPORT, share, "import ctypes", "ctypes.string_at(0)")
    submission(folder / "00_chapter.ipynb", IMPORT, "check('07.5', 1)")
    submission(folder / "00_same.ipynb", IMPORT, "check('00.1', 3) # my own", f"{share}", "check('00.2', ...)")
    (folder / "00_text.ipynb").write_text("no JSON", encoding="utf-8")
    (folder / "00_deep.ipynb").write_text("[" * 100_000, encoding="utf-8")
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "code", "language": "python", "input": [f"{IMPORT}\n{share}"], "outputs": [], "metadata": {},
         "collapsed": False}]}]}
    (folder / "00_old.ipynb").write_text(json.dumps(old), encoding="utf-8")
    outside = submission(folder.parent / "outside.ipynb", IMPORT, share)
    (folder / "00_link.ipynb").symlink_to(outside)
    (folder / "00_loop.ipynb").symlink_to("00_loop.ipynb")
    (folder / "linked").symlink_to(folder.parent)
    names = ("last", "cells", "gone", "dead", "chapter", "same", "text", "deep", "old", "link", "loop", "missing")
    rows = [f"=Li,{LI},02_li.ipynb", f"Wang,{WANG},02_wang.ipynb", f"Wang,{WANG},00_last.ipynb",
            *(f"{name},{n},00_{name}.ipynb" for n, name in enumerate(names[1:])), "lazy,100,,00",
            "around,101,linked/outside.ipynb,00"]
    rows = [row if row.count(",") == 3 else row + "," for row in rows]
    listed = roster(folder / "roster.csv", *rows, header="student,seed,file,chapter")
    assert wang.seed == WANG
    found = grade(folder, listed, weights={"02.9": 2.5}, limits=LIMITS)
    found.folder = folder
    return found


def remarks(marks, student):
    return marks.students.set_index("student")["remarks"][student]


def points(marks, student):
    return float(marks.students.set_index("student")["points"][student])


def verdicts(marks, student):
    rows = marks.answers[marks.answers["student"] == student]
    return dict(zip(rows["question"], rows["verdict"], strict=True))


def test_answers_count_on_the_students_own_company(marks):
    assert verdicts(marks, "=Li")["02.5"] == verdicts(marks, "=Li")["02.9"] == "correct"
    assert points(marks, "=Li") == 3.5 and verdicts(marks, "=Li")["02.7"] == "no answer"
    assert marks.students["out_of"][0] == len(exercise_questions("02")) + 1.5
    assert "chapter 00" not in remarks(marks, "=Li")


def test_another_students_company_is_found(marks):
    assert verdicts(marks, "Wang")["02.5"] == verdicts(marks, "Wang")["02.9"] == "not yet"
    assert f"right on the company of =Li (seed {LI}): 02.5, 02.9" in remarks(marks, "Wang")
    assert f"asks for seed {LI}, the company of =Li; it was given {WANG}" in remarks(marks, "Wang")


def test_no_cell_hides_a_remark_or_makes_one_up(marks):
    said = remarks(marks, "Wang")
    assert "reaches for the questions' own computations" in said
    assert said.index("right on the company") < said.index("ZeroDivisionError: division by zero")
    assert said.count("ZeroDivisionError") == 6 and "and 4 more cells failed" in said and len(said) < 2_000
    assert "held back" not in said and len(marks.protections) + len(marks.missing) == len(sandbox.LAYERS)
    assert "cell 3: 'ValueError: =cmd() | right on the company of =Li' | " in remarks(marks, "cells")
    assert "'| 00.2 ?'" in remarks(marks, "cells")


def test_two_chapters_of_one_student_are_one_row(marks):
    row = marks.students.set_index("student").loc["Wang"]
    assert (row["points"], row["chapter 00"], row["chapter 02"]) == (1, 1, 0)
    assert row["out_of"] == len(exercise_questions("00")) + len(exercise_questions("02")) + 1.5
    assert pd.isna(marks.students.set_index("student").loc["gone", "chapter 02"])
    assert "02: asks for seed" in row["remarks"] and "00: 00.1 answered more than once" in row["remarks"]


def test_the_last_answer_counts_and_the_hint_is_that_of_check(marks):
    assert verdicts(marks, "Wang")["00.1"] == "correct" and verdicts(marks, "Wang")["00.2"] == "unanswered"
    hints = marks.answers.set_index(["student", "question"])["hint"]
    assert hints["Wang", "00.2"] == check("00.2", ...).message
    li, wang = (load_case(seed=seed) for seed in (LI, WANG))
    assert hints["Wang", "02.5"] == check("02.5", right("02.5", case=li), case=wang).message


def test_a_failing_cell_costs_no_other_answer(marks):
    assert points(marks, "cells") == 1
    said = remarks(marks, "cells")
    for words in ("cell 2: 'CellTimeout: no end within 3 s of processor time'", "cell 3: 'ValueError: =cmd()",
                  "cell 4: 'SystemExit", "cell 6: 'SyntaxError", "answers what is not asked: '00.11'"):
        assert words in said
    assert "cell 7" not in said


@pytest.mark.parametrize(("student", "point", "words"), [
    ("gone", 1, "its process ended itself (exit code 3) in cell 4; what was answered before it counts"),
    ("dead", 1, "its process ended itself (SIGSEGV) in cell 4"),
    ("chapter", 0, "no answer to chapter 00; it answers '07.5': is it another chapter?"),
    ("text", 0, "this is no notebook"),
    ("deep", 0, "this is no notebook: RecursionError"),
    ("old", 1, ""),
    ("link", 0, "leads out of the folder"),
    ("around", 0, "leads out of the folder"),
    ("loop", 0, "could not be run (RuntimeError"),
    ("missing", 0, "there is no such file"),
    ("lazy", 0, "nothing handed in"),
])
def test_a_broken_submission_has_its_remark(marks, student, point, words):
    assert points(marks, student) == point and words in remarks(marks, student)
    assert marks.students.set_index("student")["out_of"][student] == 4


def test_the_same_code_is_named_whatever_the_comments(marks):
    assert "the same code as Wang" in remarks(marks, "same")
    assert "the same code as same" in remarks(marks, "Wang")
    assert "same code" not in remarks(marks, "gone") and len(_untouched("00")) == 64
    assert fingerprint({1: "seed = 1\nx  # a", 2: "y"}) == fingerprint({1: "seed = 22\nx", 2: "y "})
    assert fingerprint({1: "x", 2: "y"}) != fingerprint({1: "x", 2: "z"})


def test_the_tables_hold_no_formula(marks, tmp_path):
    paths = marks.write(tmp_path / "marks.csv")
    assert [path.name for path in paths] == ["marks.csv", "marks-answers.csv"]
    for path in paths:
        text = path.read_text(encoding="utf-8-sig")
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not any(cell[:1] in ("=", "+", "-", "@") for cell in cells) and "'=Li" in text


# ---------------------------------------------------------------------------------- what a notebook cannot do


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """A notebook that tries everything, a cell each; what came of each, and what holds on this machine."""
    folder = tmp_path_factory.mktemp("hostile")
    listening = socket.create_server(("127.0.0.1", 0))
    package = Path(crmlib.__file__).parent
    tries = {
        "process": "import os\nif os.fork() == 0:\n    os._exit(0)",
        "command": "import subprocess\nsubprocess.run(['true'], check=True)",
        "signal": "os.kill(os.getppid(), 0)",
        "signal by the kernel": "import fcntl\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())",
        "which signal": "fcntl.fcntl(r, 10, 9)",
        "signal by ioctl": "fcntl.ioctl(r, 0x8901, os.getppid().to_bytes(4, 'little'))",
        "flags": "fcntl.fcntl(r, fcntl.F_SETFL, fcntl.fcntl(r, fcntl.F_GETFL) | os.O_NONBLOCK)",
        "limits": "import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
        "network": f"import socket\nsocket.create_connection(('127.0.0.1', {listening.getsockname()[1]}), 3)",
        "datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "local socket": "socket.socket(socket.AF_UNIX)",
        "write": f"open({str(folder / 'written')!r}, 'w')",
        "rights": f"os.chmod({str(folder)!r}, 0)\nassert os.stat({str(folder)!r}).st_mode & 0o777 == 0",
        "cut": f"os.truncate({str(folder / 'cut')!r}, 0)",
        "nobody's memory": "os.memfd_create('x')",
        "memory that stays": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
                             "if libc.shmget(0, 5_000_000, 0o1600) < 0:\n    raise OSError(ctypes.get_errno(), '')",
        "others' commands": "open(f'/proc/{os.getppid()}/cmdline').read()",
        "passwords": "open('/etc/passwd').read()",
        "read": f"open({str(folder / 'secret')!r}).read()",
        "expected": "from crmlib.teaching.questions.chapter_00 import QUESTIONS",
        "expected file": f"open({str(package / 'teaching' / 'questions' / 'chapter_00.py')!r}).read()",
        "solutions": f"os.listdir({str(package.parent / 'notebooks' / 'solutions')!r})",
        "environment": "assert 'GRADE_SECRET' in os.environ",
        "memory": "bytearray(10**11)",
        "memory, slowly": "kept = []\nwhile True:\n    kept.append(bytearray(10**7))",
        "file": "with open('large', 'wb') as file:\n    while True:\n        file.write(bytes(10**6))",
        "own folder": "kept = None\nopen('mine', 'w').write('x')\nassert os.path.samefile('.', os.environ['HOME'])",
        "flood": "for _ in range(30):\n    print('x' * 10**7)",
        "threads": "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()",
    }
    for name in ("secret", "cut"):
        (folder / name).write_text("secret", encoding="utf-8")
    path = submission(folder / "hostile.ipynb", *tries.values(), IMPORT, "check('00.1', 0.5)")
    os.environ["GRADE_SECRET"] = "secret"
    try:
        handed = sandbox.run(path, seed=1, limits=LIMITS)
    finally:
        del os.environ["GRADE_SECRET"]
        listening.close()
        folder.chmod(0o700)
    came = dict.fromkeys(tries, "")
    for n, name in enumerate(tries, 1):
        came[name] = next((r for r in handed.errors if r.startswith(f"cell {n}: ")), "")
    return came, handed, folder


@pytest.mark.parametrize(("layer", "what", "words"), [
    ("calls", "process", "PermissionError"),
    ("calls", "command", "PermissionError"),
    ("calls", "signal", "PermissionError"),
    ("calls", "signal by the kernel", "PermissionError"),
    ("calls", "which signal", "PermissionError"),
    ("calls", "signal by ioctl", "PermissionError"),
    ("calls", "cut", "PermissionError"),
    ("calls", "nobody's memory", "PermissionError"),
    ("calls", "memory that stays", "PermissionError"),
    ("files", "others' commands", "PermissionError"),
    ("files", "passwords", "PermissionError"),
    ("calls", "limits", "PermissionError"),
    ("calls", "network", "PermissionError"),
    ("calls", "datagram", "PermissionError"),
    ("calls", "local socket", "PermissionError"),
    ("calls", "rights", "AssertionError"),
    ("files", "write", "PermissionError"),
    ("files", "read", "PermissionError"),
    ("files", "expected file", "PermissionError"),
    ("files", "solutions", "PermissionError"),
    ("resources", "memory", "MemoryError"),
    ("resources", "memory, slowly", "MemoryError"),
    ("resources", "file", "OSError"),
    (None, "expected", "ModuleNotFoundError"),
    (None, "environment", "AssertionError"),
])
def test_what_is_forbidden_fails_where_the_system_can_forbid_it(refused, layer, what, words):
    came, handed, _ = refused
    if layer in (None, *handed.protections):
        assert words in came[what], came[what]


@pytest.mark.parametrize("what", ["own folder", "flood", "threads", "flags"])
def test_what_is_allowed_works(refused, what):
    assert refused[0][what] == ""


def test_a_hostile_notebook_still_hands_in_and_leaves_nothing(refused):
    came, handed, folder = refused
    assert handed.answers == {"00.1": 0.5}
    assert "files" not in handed.protections or not (folder / "written").exists()
    assert handed.reads_solutions and (folder / "cut").read_text(encoding="utf-8") == "secret"


def test_forging_the_record_hands_in_an_answer_and_no_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(tmp_path))
    lines = [{"question": "00.1", "answer": 7, "verdict": "correct", "points": 100}, {"question": []}, [1],
             {"cell": "x"}, {"question": "00.2", "answer": {"other": "\0" * 99}}, {"done": True},
             {"protections": ["all"]}]
    text = "\n".join(map(json.dumps, lines)) + "\nno json\n" + "[" * 10_000 + "\n"
    handed = sandbox.run(submission(
        tmp_path / "00.ipynb", "import crmlib.teaching.check as module, os\nfrom crmlib.teaching.check import check",
        "module.check = lambda *a, **k: print('Correct')", "module.check('00.3', 1)",
        f"for n in range(3, 30):\n    try:\n        os.write(n, {text!r}.encode())\n    except OSError:\n        pass",
        "module.Feedback.correct = True\ncheck('00.4', 9, strict=True)",
        f"{REWRITE}\ncheck('00.5', 1)",
        "for _ in range(1_500):\n    os.mkdir('d')\n    os.chdir('d')\nopen('file', 'w').close()",
    ), seed=1, limits=LIMITS)
    assert handed.answers["00.1"] == 7 and handed.answers["00.4"] == 9 and "00.3" not in handed.answers
    assert handed.protections != ("all",) and "infinity" not in str(handed)
    assert handed.answers["00.5"] == 1 and list(tmp_path.glob("grade-*")) == []
    assert check("00.1", handed.answers["00.1"]).correct is False
    assert check("00.2", handed.answers["00.2"]).correct is False


def test_a_notebook_that_does_not_let_go_is_stopped(tmp_path):
    stubborn = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    limits = sandbox.Limits(seconds=8, cell_seconds=1)
    handed = sandbox.run(submission(tmp_path / "00.ipynb", stubborn), seed=1, limits=limits)
    assert "stopped" in handed.remarks[-1] and "8 s" in handed.remarks[-1]  # by the watch, or by the system


def test_memory_processes_and_files_are_watched_from_outside(tmp_path):
    me = os.getpid()
    assert sandbox._too_much(me, tmp_path, sandbox.Limits(memory=100_000, processes=100)) == ""
    assert "1 MB of memory" in sandbox._too_much(me, tmp_path, sandbox.Limits(memory=1, processes=100))
    assert "0 processes" in sandbox._too_much(me, tmp_path, sandbox.Limits(memory=100_000, processes=0))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(bytes(2_000_000))
    assert "1 MB of files" in sandbox._too_much(me, tmp_path, sandbox.Limits(memory=100_000, processes=100, disk=1))
    assert sandbox._size(tmp_path, at_most=1) == float("inf")


def test_files_and_threads_that_are_out_of_sight_are_seen(tmp_path, monkeypatch):
    limits = sandbox.Limits(memory=100_000, processes=100, disk=1)
    with (tmp_path / "file").open("wb") as file:
        file.truncate(2_000_000)
        (tmp_path / "file").unlink()
        if Path("/proc/self/fd").is_dir():
            assert "1 MB of files" in sandbox._too_much(os.getpid(), tmp_path, limits)
    assert sandbox._too_much(os.getpid(), tmp_path, limits) == ""
    monkeypatch.setattr(sandbox, "THREADS", 0)
    assert "0 threads" in sandbox._too_much(os.getpid(), tmp_path, limits)
    assert sandbox._size(tmp_path / "gone") == 0 and sandbox._size(tmp_path / ("x" * 300)) == float("inf")


def test_the_filter_refuses_to_truncate_where_the_fence_does_not_know_it(tmp_path):
    (tmp_path / "marks").write_text("marks", encoding="utf-8")
    code = ("import os; from crmlib.teaching.grade import restrict\nprint(restrict.filter_calls())\n"
            "os.truncate('marks', 0)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.stdout == "True\n":
        assert "PermissionError" in done.stderr and (tmp_path / "marks").read_text(encoding="utf-8") == "marks"


@pytest.mark.parametrize(("version", "machine"), [(0, "x86_64"), (2, "riscv64")])
def test_an_old_fence_without_a_filter_is_none(tmp_path, monkeypatch, version, machine):
    libc = type("Libc", (), {"syscall": lambda *_: version})
    monkeypatch.setattr(restrict.ctypes, "CDLL", lambda *_, **__: libc())
    monkeypatch.setattr(restrict.platform, "machine", lambda: machine)
    assert restrict.fence(writable=tmp_path, readable=[]) is False


def test_what_is_no_file_is_not_read(tmp_path):
    path = submission(tmp_path / "00.ipynb", "x" * 2_000_000)
    assert "more than 1: not read" in sandbox.run(path, seed=1, limits=sandbox.Limits(notebook=1)).remarks[0]
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert sandbox.run(tmp_path / "pipe.ipynb", seed=1).remarks == ["there is no such file"]
    (tmp_path / "link.ipynb").symlink_to(path)
    assert sandbox.run(tmp_path / "link.ipynb", seed=1).remarks == ["a symbolic link: not read"]


# ------------------------------------------------------------------------------------------ answers as JSON


@pytest.mark.parametrize("answer", [
    1, 2.5, "margin", True, None, [1, 2], ["a", "b"], {"a", "b"}, np.float64(0.25), np.array([1.5, 2]), float("nan"),
    pd.Series([0.1, 0.2], index=["x", "y"]), np.bool_(False), pd.Index(["a"]), 10**300,
])
def test_an_answer_arrives_as_it_was_given(answer):
    arrived = unpacked(json.loads(json.dumps(packed(answer))))
    plain = answer.tolist() if hasattr(answer, "tolist") else answer
    assert repr(arrived) == repr(plain) if not isinstance(plain, set) else arrived == plain


def test_other_things_arrive_as_what_check_says_of_them():
    assert unpacked(packed(...)) is ...
    assert unpacked(packed(pd.DataFrame({"a": [1.0], "b": [2.0]}))) == [[1.0, 2.0]]
    class Strange:
        def __array__(self, *args, **kwargs):
            raise RuntimeError
    for answer, words in ((lambda: 1, "function: call it"), ({"a": 1}, "dict"), (Strange(), "this Strange is not")):
        assert words in check("06.5", unpacked(json.loads(json.dumps(packed(answer))))).message


def test_an_answer_has_an_end():
    endless = []
    endless.append(endless)
    deep = 1
    for _ in range(DEEPEST + 1):
        deep = [deep]
    for answer in (endless, deep, np.zeros(LONGEST + 1), [0] * (LONGEST + 1)):
        with pytest.raises(TooLarge):
            packed(answer)
    assert len(packed("x" * 10_000)) == 1_000


# ------------------------------------------------------------------------------------ the exercise, the roster


def test_every_exercise_says_which_company_a_question_is_about():
    for chapter in questions.chapters():
        found = exercise_questions(chapter)
        assert found and set(found) <= set(questions.load(chapter))
    assert exercise_questions("01")["01.9"] == 424_242 and exercise_questions("01")["01.10"] is None
    with pytest.raises(DataError, match="chapter 77 has no exercises"):
        exercise_questions("77")


def test_a_roster_in_the_forms_of_a_spreadsheet(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("student;seed;file\n张伟; 0012;a/08_x.ipynb\n\nB;13;09.ipynb\n", encoding="utf-8-sig")
    first, second = read_roster(path)
    assert (first.student, first.seed, first.file, first.chapter) == ("张伟", 12, "a/08_x.ipynb", "08")
    assert second.chapter == "09"
    assert read_roster(roster(path, "A,1,li.ipynb,8", header="student,seed,file,chapter"))[0].chapter == "08"
    both = read_roster(roster(path, "Zo\u00eb\t1\t08.ipynb", "Zoe\u0308\t1\t09.ipynb", header="Student\t Seed\tFILE"))
    assert len({row.student for row in both}) == 1


@pytest.mark.parametrize(("rows", "words"), [
    (["A,x,08.ipynb"], "line 2: seed 'x' is not a whole number"),
    (["A,-1,08.ipynb"], "seed '-1'"),
    (["A,,08.ipynb"], "seed ''"),
    ([",1,08.ipynb"], "no student"),
    (["A,1,../08.ipynb"], "leads out of the folder"),
    (["A,1,/etc/08.ipynb"], "leads out of the folder"),
    (["A,1,C:\\08.ipynb"], "leads out of the folder"),
    (["A,1,li.ipynb"], "does not begin with the number of a chapter"),
    (["A,1,"], "without a file"),
    (["A,1,08\0.ipynb"], "is no name of a file"),
    (["Li, Wei,1,08.ipynb"], "line 2: more fields than columns"),
    (["A,1,a/08.ipynb", "B,1,08.ipynb"], "lines 2, 3: seed 1 is given to A, B"),
    (["A,1,08.ipynb", "B,2,08.ipynb"], "lines 2, 3: 08.ipynb is handed in by A, B"),
    (["A,1,08.ipynb", "A,2,09.ipynb"], "lines 2, 3: A has the seeds 1, 2"),
    (["A,1,08.ipynb", "A,1,08_again.ipynb"], "A hands in chapter 08 2 times"),
    ([], "no submission in it"),
    ([f"A,x{n},08.ipynb" for n in range(12)], "and 2 more"),
])
def test_a_roster_that_cannot_be_used_says_why(tmp_path, rows, words):
    with pytest.raises(DataError) as caught:
        read_roster(roster(tmp_path / "roster.csv", *rows))
    assert words in str(caught.value)


def test_a_roster_that_is_none(tmp_path):
    with pytest.raises(DataError, match="no column seed, file"):
        read_roster(roster(tmp_path / "roster.csv", "A", header="student"))
    with pytest.raises(DataError, match="columns student, seed, file"):
        read_roster(tmp_path / "nowhere.csv")
    for header, field in (("student,seed,file,file", "08.ipynb"), ("student,seed,file,chapter", "8.0"),
                          ("student,seed,file,chapter", "09")):
        with pytest.raises(DataError, match="no column file, or several|chapter '8.0' is not|chapter 09, but the file"):
            read_roster(roster(tmp_path / "roster.csv", f"A,1,08.ipynb,{field}", header=header))
    with pytest.raises(DataError, match="is a quote not closed"):
        read_roster(roster(tmp_path / "roster.csv", '"A', *["B" * 1_000] * 200))
    with pytest.raises(DataError, match="no column student, seed, file"):
        read_roster(roster(tmp_path / "roster.csv", header=""))
    (tmp_path / "gbk.csv").write_bytes("student,seed,file\n张伟,1,08.ipynb".encode("gbk"))
    with pytest.raises(DataError, match="save it as CSV UTF-8"):
        read_roster(tmp_path / "gbk.csv")


def test_the_command(tmp_path, capsys):
    listed = roster(tmp_path / "roster.csv", "A,1,", header="student,seed,file,chapter")
    assert cli.main(["grade", str(tmp_path), "--roster", str(listed)]) == 1
    assert "line 2: without a file there is not the number of a chapter" in capsys.readouterr().err
    listed = roster(tmp_path / "roster.csv", "A,1,,00", header="student,seed,file,chapter")
    arguments = ["grade", str(tmp_path), "--roster", str(listed), "--out", str(tmp_path / "marks.csv")]
    assert cli.main([*arguments, "--weight", "00.1=3"]) == 0
    assert "1 student, " in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "marks.csv")["out_of"].tolist() == [6]
    assert cli.main([*arguments, "--weight", "00.9=3"]) == 1
    assert "a weight for 00.9, which is not asked" in capsys.readouterr().err


@pytest.mark.parametrize(("flag", "value", "words"), [
    ("--weight", "00.1=nan", "0 or more, and not 00.1=nan"), ("--weight", "00.1=-5", "and not 00.1=-5"),
    ("--parallel", "0", "at least one notebook"), ("--out", "no/marks.csv", "there is no folder no"),
    (None, None, "is no folder"),
])
def test_what_is_wrong_is_said_before_a_notebook_runs(tmp_path, capsys, monkeypatch, flag, value, words):
    monkeypatch.setattr(sandbox, "run", None)
    listed = roster(tmp_path / "roster.csv", "A,1,00.ipynb")
    folder = tmp_path if flag else tmp_path / "nowhere"
    assert cli.main(["grade", str(folder), "--roster", str(listed), *([flag, value] if flag else [])]) == 1
    assert words in capsys.readouterr().err


def test_marks_that_cannot_be_written_where_they_should_are_written_elsewhere(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "marks.csv").mkdir()
    listed = roster(tmp_path / "roster.csv", "A,1,,00", header="student,seed,file,chapter")
    assert cli.main(["grade", str(tmp_path), "--roster", str(listed), "--out", str(tmp_path / "marks.csv")]) == 0
    assert "the marks are elsewhere" in capsys.readouterr().err and list(tmp_path.glob("marks-*/marks.csv"))

"""Run one submission in a process of its own, watch it, end it, and read what it handed in."""

import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil

from crmlib.teaching.grade.packing import unpacked

MB = 1_000_000
READ_AT_MOST = 5 * MB  # of what a notebook hands in
LETTERS = 200  # of an error
THREADS = 500  # on a machine of many cores, a library may start one for each
LAYERS = {
    "resources": "memory, processor time and file size limited by the system",
    "calls": "no network, no new processes, no signals to others",
    "files": "writes only in its own folder, reads only Python and the course",
}


@dataclass(frozen=True)
class Limits:
    """What one notebook may use.

    Parameters
    ----------
    seconds, cell_seconds : int
        Time for the notebook; processor time for one of its cells.
    memory, disk : int
        MB in memory; MB in files, at most half of it in one.
    notebook : int
        MB of the notebook itself.
    processes : int
        At the same time, where the system cannot forbid new ones.
    """

    seconds: int = 180
    cell_seconds: int = 60
    memory: int = 2_000
    disk: int = 100
    notebook: int = 20
    processes: int = 10


@dataclass
class Handed:
    """What a notebook handed in, and what there is to say about it.

    Read from the notebook itself are `code`, a fingerprint, and `reads_solutions`. What else there is it says of
    itself, `protections` before its first cell runs.
    """

    answers: dict[str, object] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    asked_for: set[int] = field(default_factory=set)
    code: str = ""
    reads_solutions: bool = False
    protections: tuple[str, ...] | None = None


def run(notebook: Path, *, seed: int, others=(), limits: Limits | None = None) -> Handed:
    """Run a notebook on the company of a seed and return what it handed in; whatever it does, this returns.

    Parameters
    ----------
    notebook : Path
        The submission. Its code runs in a folder of its own, which is taken away afterwards.
    seed : int
        The student's own. ``load_case`` gives this company, whatever seed the notebook asks for.
    others : sequence of int
        Seeds that the exercise itself names.
    limits : Limits, optional

    Returns
    -------
    Handed
    """
    limits = limits or Limits()
    problem = _unreadable(notebook, limits)
    if problem:
        return Handed(remarks=[problem])
    try:
        sources = code_of(notebook.read_text(encoding="utf-8-sig"))
    except Exception as error:
        return Handed(remarks=[f"this is no notebook: {type(error).__name__}: {error}"[:300]])
    job = {"sources": list(sources.items()), "seed": seed, "others": sorted(others), "seconds": limits.seconds,
           "cell_seconds": limits.cell_seconds, "memory": limits.memory * MB, "file_size": limits.disk * MB // 2}
    folder = Path(tempfile.mkdtemp(prefix="grade-")).resolve()
    try:
        for fonts in _font_lists():  # finding all fonts again takes longer than many a notebook
            shutil.copy(fonts, folder)
        told, ended = _watched(job, folder, limits)
    finally:
        _clear(folder)
    handed = _read(told, ended)
    handed.code, handed.reads_solutions = fingerprint(sources), _reads_solutions(sources)
    return handed


def _unreadable(path, limits):
    if path.is_symlink():
        return "a symbolic link: not read"
    if not path.is_file():
        return "there is no such file"
    if path.stat().st_size > limits.notebook * MB:
        return f"the file has {path.stat().st_size / MB:,.0f} MB, more than {limits.notebook}: not read"
    return None


def code_of(notebook: str) -> dict[int, str]:
    """Return the sources of the code cells by the number of the cell, as a reader counts them."""
    # not by nbformat, which would refuse what Jupyter still opens
    notebook = json.loads(notebook)
    sheets = notebook.get("worksheets", [notebook])  # before format 4, cells were in sheets and their code was "input"
    cells = [cell for sheet in sheets for cell in sheet["cells"]]
    code = {n: "".join(cell.get("source", cell.get("input", ""))) for n, cell in enumerate(cells, 1)
            if cell["cell_type"] == "code"}
    return {n: source for n, source in code.items() if source.strip()}


def fingerprint(sources: dict[int, str]) -> str:
    """Return a number that two notebooks share if their code is the same but for blanks, comments and the seed."""
    code = re.sub(r"(?m)^seed\s*=.*$|#.*$|\s+", "", "\n".join(sources.values()))
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()


def _reads_solutions(sources):
    return bool(re.search(r"teaching(\.|\s+import\s+)questions|chapter_\d\d", "\n".join(sources.values())))


@cache
def _font_lists():
    import matplotlib.font_manager  # makes the list, if there is none

    return sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


def _environment(folder):
    """Return what the process knows of ours: where programs and libraries are, so no password or key."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    root = Path(__file__).resolve().parents[3]
    (folder / "tmp").mkdir()
    places = dict.fromkeys(("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"), str(folder))
    places |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp"))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | places | threads | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1",
                                      "MPLBACKEND": "agg", "MALLOC_ARENA_MAX": "2"}


def _watched(job, folder, limits):
    """Run the process to its end, or to ours; return what it wrote, and why it ended, "" if by itself."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as task:
        json.dump(job, task)
        task.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "crmlib.teaching.grade.runner"], cwd=folder, env=_environment(folder),
            stdin=task, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=os.name == "posix")
    # a pipe, which we empty at once: what is written can neither be changed nor taken back
    told = bytearray()
    reader = threading.Thread(target=_receive, args=(process.stdout, told), daemon=True)
    reader.start()
    ended = _ended(process, folder, limits)
    reader.join(timeout=5)
    return bytes(told), ended


def _receive(pipe, told):
    """Read a pipe to its end, and keep its beginning."""
    with pipe:
        while part := pipe.read1():
            told += part[:READ_AT_MOST - len(told)]


def _ended(process, folder, limits):
    """Watch the process to its end, or end it; return why, "" if it ended by itself."""
    end = time.monotonic() + limits.seconds
    try:
        while (code := process.poll()) is None:
            why = _too_much(process.pid, folder, limits)
            if not why and time.monotonic() > end:
                why = f"stopped after {limits.seconds} s"
            if why:
                return why
            time.sleep(0.2)
    finally:
        _end(process)
    if code in (-getattr(signal, "SIGXCPU", 0), -getattr(signal, "SIGKILL", 0)) and code:
        return f"stopped by the system: more than {limits.seconds} s of processor time, or out of memory"
    return "" if code == 0 else f"its process ended itself ({_named(code)})"


def _named(code):
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"exit code {code}"


def _family(pid):
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def _too_much(pid, folder, limits):
    family, memory, threads, unnamed = _family(pid), 0, 0, 0
    for each in family:
        try:
            memory += each.memory_info().rss
            threads += each.num_threads()
            unnamed += _unnamed(each.pid)
        except psutil.Error:
            pass
    if memory > limits.memory * MB:
        return f"stopped: more than {limits.memory:,} MB of memory"
    if len(family) > limits.processes:
        return f"stopped: more than {limits.processes} processes"
    if threads > THREADS:
        return f"stopped: more than {THREADS} threads"
    if _size(folder) + unnamed > limits.disk * MB:
        return f"stopped: more than {limits.disk} MB of files"
    return ""


def _size(folder, at_most=10_000):
    """Return the bytes in a folder; a crowd of files counts as too much, and so does what cannot be looked into."""
    total, count, folders = 0, 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    count += 1
                    if count > at_most:
                        return float("inf")
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except (FileNotFoundError, NotADirectoryError):  # gone since
            pass
        except OSError:
            return float("inf")
    return total


def _unnamed(pid):
    """Return the bytes of files that a process holds open and that stand in no folder any more."""
    total = 0
    try:
        for handle in os.listdir(f"/proc/{pid}/fd"):
            file = os.stat(f"/proc/{pid}/fd/{handle}")
            total += file.st_size if stat.S_ISREG(file.st_mode) and not file.st_nlink else 0
    except OSError:  # gone since, or a system without /proc
        pass
    return total


def _clear(folder):
    """Take a folder away, however deep: what lies in a folder of it moves up, so that no path gets long."""
    names = (folder / f"{uuid.uuid4().hex}-{n}" for n in itertools.count())
    try:
        while entries := list(os.scandir(folder)):
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry)
                    continue
                os.chmod(entry, 0o700)
                for below in list(os.scandir(entry)):
                    if below.is_dir(follow_symlinks=False):
                        os.chmod(below, 0o700)
                    os.rename(below, next(names))
                os.rmdir(entry)
        os.rmdir(folder)
    except OSError:
        pass


def _end(process):
    """End the process with all that it has started."""
    family = _family(process.pid)
    if os.name == "posix" and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    for each in family:
        try:
            each.kill()
        except psutil.Error:
            pass
    process.wait()


def _read(told, ended):
    """Return what the process wrote; a line that is not what we expect is left out."""
    handed, current, done = Handed(), 0, False
    for line in told.split(b"\n"):
        try:
            what = json.loads(line)
            if not isinstance(what, dict):
                continue
            if "question" in what:
                name = unpacked(str(what["question"]))[:40]
                (handed.repeated if name in handed.answers else set()).add(name)
                handed.answers[name] = unpacked(what["answer"])
            elif "error" in what:
                # its own words, so in quotes, and no more of them than a table holds
                handed.errors.append(f"cell {_number(what['cell'])}: {str(what['error'])[:LETTERS]!r}")
            elif "cell" in what:
                current = _number(what["cell"])
            elif "asked_for" in what:
                handed.asked_for.add(_number(what["asked_for"]))
            elif "protections" in what and handed.protections is None:
                handed.protections = tuple(str(each) for each in what["protections"])
            done |= "done" in what
        except Exception:
            continue
    if len(told) == READ_AT_MOST:
        handed.remarks.append(f"handed in more than {READ_AT_MOST // MB} MB; what came later does not count")
    if ended or not done:
        place = f" in cell {current}" if current else ""
        handed.remarks.append(f"{ended or 'ended before its last cell'}{place}; what was answered before it counts")
    return handed


def _number(value):
    if not isinstance(value, int) or not 0 <= value < 10**18:
        raise ValueError(value)
    return value

"""Run one submission in a process of its own, watch it, end it, and read what it handed in."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil

from crmlib.teaching.grade.packing import unpacked

MB = 1_000_000
READ_AT_MOST = 5 * MB  # of what a notebook hands in
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
    """What a notebook handed in, and what there is to say about it."""

    answers: dict[str, object] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    asked_for: set[int] = field(default_factory=set)
    code: str = ""
    protections: tuple[str, ...] | None = None


def run(notebook: Path, *, seed: int, others=(), limits: Limits | None = None) -> Handed:
    """Run a notebook on the company of a seed and return what it handed in; whatever it does, this returns.

    Parameters
    ----------
    notebook : Path
        The submission. It is copied; the notebook runs in a folder of its own, which is taken away afterwards.
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
    with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch).resolve()
        shutil.copyfile(notebook, folder / "submission.ipynb")
        for fonts in _font_lists():  # finding all fonts again takes longer than many a notebook
            shutil.copy(fonts, folder)
        job = {"notebook": "submission.ipynb", "seed": seed, "others": sorted(others), "seconds": limits.seconds,
               "cell_seconds": limits.cell_seconds, "memory": limits.memory * MB,
               "file_size": limits.disk * MB // 2}
        with tempfile.TemporaryFile() as channel:
            ended = _watched(job, folder, channel, limits)
            channel.seek(0)
            told = channel.read(READ_AT_MOST)
    return _read(told, ended)


def _unreadable(path, limits):
    if path.is_symlink():
        return "a symbolic link: not read"
    if not path.is_file():
        return "there is no such file"
    if path.stat().st_size > limits.notebook * MB:
        return f"the file has {path.stat().st_size / MB:,.0f} MB, more than {limits.notebook}: not read"
    return None


@cache
def _font_lists():
    import matplotlib.font_manager  # makes the list, if there is none

    return sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


def _environment(folder):
    """Return what the process knows of ours: next to nothing, so no password or key."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    root = Path(__file__).resolve().parents[3]
    (folder / "tmp").mkdir()
    places = dict.fromkeys(("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"), str(folder))
    places |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp"))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | places | threads | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1",
                                      "MPLBACKEND": "agg", "MALLOC_ARENA_MAX": "2"}


def _watched(job, folder, channel, limits):
    """Run the process to its end, or to ours; return why it ended, "" if by itself."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "crmlib.teaching.grade.runner", json.dumps(job)], cwd=folder,
        env=_environment(folder), stdin=subprocess.DEVNULL, stdout=channel, stderr=subprocess.DEVNULL,
        start_new_session=os.name == "posix")
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
    family, memory = _family(pid), 0
    for each in family:
        try:
            memory += each.memory_info().rss
        except psutil.Error:
            pass
    if memory > limits.memory * MB:
        return f"stopped: more than {limits.memory:,} MB of memory"
    if len(family) > limits.processes:
        return f"stopped: more than {limits.processes} processes"
    if _size(folder) > limits.disk * MB:
        return f"stopped: more than {limits.disk} MB of files"
    return ""


def _size(folder, at_most=10_000):
    """Return the bytes in a folder; a crowd of files counts as too much."""
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
        except OSError:
            pass
    return total


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
    handed, cells, current, done = Handed(), 0, 0, False
    for line in told.split(b"\n"):
        try:
            what = json.loads(line)
            if not isinstance(what, dict):
                continue
            if "question" in what:
                name = str(what["question"])
                (handed.repeated if name in handed.answers else set()).add(name)
                handed.answers[name] = unpacked(what["answer"])
            elif "error" in what:
                handed.remarks.append(f"cell {int(what['cell'])}: {what['error']}")
            elif "cell" in what:
                current = int(what["cell"])
            elif "cells" in what:
                cells, handed.code = int(what["cells"]), str(what["code"])
                if what["reads_solutions"]:
                    handed.remarks.append("the notebook reaches for the questions' own computations")
            elif "asked_for" in what:
                handed.asked_for.add(int(what["asked_for"]))
            elif "protections" in what and handed.protections is None:
                handed.protections = tuple(str(each) for each in what["protections"])
            elif "unreadable" in what:
                handed.remarks.append(f"this is no notebook: {what['unreadable']}")
                done = True
            done |= "done" in what
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    if len(told) == READ_AT_MOST:
        handed.remarks.append(f"handed in more than {READ_AT_MOST // MB} MB; what came later does not count")
    if ended or not done:
        place = f" in cell {current}" if cells else ""
        handed.remarks.append(f"{ended or 'ended before its last cell'}{place}; what was answered before it counts")
    return handed

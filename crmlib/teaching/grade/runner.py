"""The process in which one submission runs: ``python -m crmlib.teaching.grade.runner``, the job on its input.

It writes what the notebook hands to ``check`` on its output, a JSON value a line, and judges nothing: what is right is
not known here. `crmlib.teaching.grade.sandbox` starts it, watches it and ends it.
"""

import importlib
import json
import os
import signal
import sys
from pathlib import Path

from crmlib.teaching.grade import packing, restrict

READABLE = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/nix", "/sys", "/dev/urandom", "/dev/random", "/dev/zero",
            *(f"/etc/{name}" for name in ("ld.so.cache", "localtime", "timezone", "fonts", "ssl", "mime.types")),
            *(f"/proc/{name}" for name in ("self", "cpuinfo", "meminfo", "stat", "version", "filesystems")))


def main(job: dict) -> None:
    """Forbid what a notebook does not need, and run it cell by cell."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what the notebook prints is nobody's answer
        os.dup2(nothing, stream)

    def tell(**what):
        channel.write(json.dumps(what) + "\n")
        channel.flush()

    tell(protections=_restrict(Path.cwd(), job))
    _record_answers(tell)
    _give_company(job["seed"], set(job["others"]), tell)
    _run(job["sources"], tell, job["cell_seconds"])
    tell(done=True)


def _restrict(folder, job):
    """Put every protection into place that this system has; return their names."""
    package = Path(importlib.import_module("crmlib").__file__).parent
    hidden = package / "teaching" / "questions"
    parts = [path for path in package.rglob("*") if path.is_file()
             and not (hidden in path.parents and path.name.startswith("chapter_"))]
    python = [Path(each).resolve() for each in (sys.prefix, sys.base_prefix, *sys.path) if each]
    # the checkout stands on the path too, and holds the solutions
    python = [path for path in python if path != package.parent or path.name == "site-packages"]
    done = {
        "resources": restrict.limit_resources(memory=job["memory"], seconds=job["seconds"], file_size=job["file_size"]),
        "files": restrict.fence(writable=folder, readable=[*python, *map(Path, READABLE), *parts,
                                                           package.parent / "datasets"],
                                listed=[package]),
    }
    restrict.drop_privileges()
    done["calls"] = restrict.filter_calls()
    for path in hidden.glob("chapter_*.py"):  # where there is no fence, at least no import
        sys.modules[f"crmlib.teaching.questions.{path.stem}"] = None
    return [name for name, held in done.items() if held]


def _record_answers(tell):
    module = importlib.import_module("crmlib.teaching.check")

    def check(question_id, answer=..., **_):
        try:
            tell(question=str(question_id)[:40], answer=packing.packed(answer))
        except packing.TooLarge as error:
            tell(question=str(question_id)[:40], answer={"other": "answer that is too large"})
            return module.Feedback(None, str(error))
        return module.Feedback(None, "handed in")

    module.check = check


def _give_company(seed, others, tell):
    """Let ``load_case`` return the student's own company, whatever seed the notebook asks for.

    Left alone are the companies that the exercise itself names ("now on another company").
    """
    data = importlib.import_module("crmlib.data")
    load = data.load_case

    def load_case(*, seed=None, folder=None):
        if folder is not None or seed in others:
            return load(seed=seed, folder=folder)
        if isinstance(seed, int):
            tell(asked_for=seed)
        return load(seed=own)

    own = seed
    data.load_case = importlib.import_module("crmlib.data.case").load_case = load_case


def _shell():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            """No window is opened here."""

        def showtraceback(self, *args, **kwargs):
            """Errors are told, not shown."""

        showsyntaxerror = showtraceback

        def ask_exit(self):
            raise SystemExit

    return Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def _run(sources, tell, seconds):
    shell = _shell()
    for n, source in sources:
        tell(cell=n)
        error = None
        try:
            _alarm(seconds)
            result = shell.run_cell(source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as raised:  # such as the alarm, a moment late
            error = raised
        finally:
            _alarm(0)
        if error is not None:
            tell(cell=n, error=_described(error))


def _described(error):
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except BaseException:
        return type(error).__name__


class CellTimeout(Exception):
    """A cell ran longer than a cell may."""


def _alarm(seconds):
    """Interrupt the cell after some seconds, where the system can; the next one then has its turn.

    Seconds of the processor: marks do not depend on how busy the machine is. Who sleeps meets the notebook's limit.
    """
    if not hasattr(signal, "setitimer"):
        return

    def interrupt(*_):
        raise CellTimeout(f"no end within {seconds} s of processor time")

    signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main(json.load(sys.stdin))  # not on the command line, which other processes can read
    os._exit(0)  # whatever threads the notebook has left behind

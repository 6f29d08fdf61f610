"""The project's own promises: locks, environment.yml, size of the public door."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock")
NOT_FOR_STUDENTS = ("pyspark", "pytest", "nbval", "hypothesis", "playwright", "ruff", "polars")


def pins(lock):
    """Pinned versions per package; several where Python versions differ."""
    found = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line):
            found.setdefault(match[1].lower().replace("_", "-"), []).append(Version(match[2]))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_every_declared_dependency(lock):
    declared = list(PROJECT["dependencies"])
    if lock == "requirements-dev.lock":
        declared += [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    locked = pins(lock)
    for requirement in map(Requirement, declared):
        versions = locked.get(requirement.name.lower())
        assert versions, f"{requirement.name} is not in {lock}: run make lock"
        assert all(version in requirement.specifier for version in versions), f"{requirement} against {versions}"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_names_no_host(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text and "index" not in text.split("\n", 3)[1]
    assert text.count("--hash=sha256:") > len(pins(lock))


def test_a_student_gets_no_spark_and_no_test_tools():
    assert not set(NOT_FOR_STUDENTS) & set(pins("requirements.lock"))


def test_both_locks_pin_the_same_versions():
    course, everything = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: everything[name] for name in course} == course


def test_environment_yml_is_what_pyproject2conda_generates(tmp_path):
    target = tmp_path / "environment.yml"
    copy = tmp_path / "pyproject.toml"
    copy.write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    command = shutil.which("pyproject2conda", path=Path(sys.executable).parent)  # it writes its own name into the file
    done = subprocess.run([command, "project", "--overwrite", "force"], cwd=tmp_path,
                          check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert target.read_text(encoding="utf-8") == (ROOT / "environment.yml").read_text(encoding="utf-8")


def test_importing_crmlib_imports_nothing_heavy():
    code = "import crmlib, sys; print([m for m in ('pandas', 'numpy', 'ibis', 'lifetimes') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_module_imports_from_a_higher_floor():
    """Shared rooms < data < chapter modules < strategy < plots < teaching; btyd and clv serve the other chapters."""
    floors = dict.fromkeys(("errors", "units", "checks", "identity", "intervals", "lines", "rows", "contracts"), 0)
    floors |= {"data": 1, "strategy": 2.5, "plots": 3, "commands": 4, "teaching": 4, "report": 4, "__main__": 5}
    for path in (ROOT / "crmlib").rglob("*.py"):
        parts = path.relative_to(ROOT / "crmlib").with_suffix("").parts
        if parts == ("__init__",):
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"\s*from crmlib(?:\.(\w+))?[\w.]* import (.+)|\s*import crmlib\.(\w+)", line):
                if ">>>" in line:
                    continue
                names = [match[1] or match[3]] if match[1] or match[3] else re.findall(r"\w+", match[2])
                floor = floors.get(parts[0], 2)  # a chapter module, unless it is one of the shared rooms
                for name in names:
                    assert floors.get(name, 2) <= floor, f"{path.name} imports crmlib.{name} from above"
                    same_floor = floors.get(name, 2) == floor == 2 and name != parts[0]
                    assert not same_floor or name in ("clv", "btyd"), f"{path.name} imports the chapter module {name}"

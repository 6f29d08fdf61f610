"""What the tests report besides their results."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# the same fifty examples on every run, so that a failure is a change of the code; how long an example takes says how
# busy the machine is. `pytest --hypothesis-profile=search` looks at a hundred others
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("course", settings.get_profile("search"), derandomize=True, max_examples=50)
settings.load_profile("course")


def pytest_terminal_summary(terminalreporter):
    """Name the concepts that wait for their chapter, and why browser tests did not run."""
    from crmlib.teaching import lint

    waiting = lint.concept_coverage(ROOT).waiting
    if waiting and terminalreporter.config.option.verbose >= -1:
        terminalreporter.section("concepts without a home yet", sep="-")
        for chapter, ids in sorted(waiting.items()):
            terminalreporter.line(f"chapter {chapter}: {', '.join(ids)}")
    skipped = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ())
               if "browser" in report.keywords and isinstance(report.longrepr, tuple)}
    if skipped:
        terminalreporter.section("browser tests did not run", sep="-")
        for reason in sorted(skipped):
            terminalreporter.line(reason)


@pytest.fixture(scope="session")
def case():
    """The company of the course, read once; tests do not change its tables."""
    from crmlib.data import load_case

    return load_case()


@pytest.fixture
def closed_figures():
    """Close the figures that a test has drawn."""
    yield
    import matplotlib.pyplot

    matplotlib.pyplot.close("all")


@pytest.fixture(scope="session")
def spark():
    """A Spark session on two cores of this machine; tests that ask for it are skipped without Java."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("needs Java, which is not installed")
    from pyspark.sql import SparkSession

    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
               .config("spark.ui.showConsoleProgress", "false").config("spark.sql.shuffle.partitions", 2)
               .config("spark.sql.session.timeZone", "UTC").getOrCreate())
    yield session
    session.stop()

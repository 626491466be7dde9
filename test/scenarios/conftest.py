"""Fixtures of the scenarios: a running service that tests share, and one for a test that breaks things."""
import sys
import pathlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "foreign")]

import service as service_module  # noqa: E402


@pytest.fixture(scope="session")
def service(prefix):
    """One running demo service for all tests that do not harm it."""
    s = service_module.Service(prefix)
    s.start()
    yield s
    s.remove()


@pytest.fixture
def own_service(prefix):
    """Makes services for this test alone: own_service(conf=…, env=…); not started."""
    made = []

    def make(**kwargs):
        made.append(service_module.Service(prefix, **kwargs))
        return made[-1]

    yield make
    for s in made:
        s.kill()
        s.remove()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the programs logged."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for s in list(service_module.STARTED):
            report.sections.append(("service log", s.logs()))


def pytest_sessionfinish(session, exitstatus):
    for s in list(service_module.STARTED):
        s.kill()
        s.remove()

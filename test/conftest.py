"""What every pytest suite shares. The programs under test are a staged build, never mocks."""
import os
import pathlib

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent


def pytest_configure(config):
    config.addinivalue_line("markers", "sanitized: also run with the clang build (address and undefined sanitizers)")
    config.addinivalue_line("markers", "threads: also run with the clang build with the thread sanitizer")


@pytest.fixture(scope="session")
def top():
    """The root of the source tree."""
    return TOP


@pytest.fixture(scope="session")
def prefix():
    """The staged tree (bin, libexec/paraph, share/paraph) of the build under test: PARAPH_PREFIX, or that of ./check."""
    place = pathlib.Path(os.environ.get("PARAPH_PREFIX", TOP / "build/check/stage"))
    assert (place / "bin").is_dir(), f"{place} holds no staged build: run tools/stage BUILD {place}"
    return place


@pytest.fixture(scope="session")
def build_dir():
    """The meson build directory under test: PARAPH_BUILD, or the gcc build of ./check."""
    place = pathlib.Path(os.environ.get("PARAPH_BUILD", TOP / "build/check/gcc"))
    assert (place / "build.ninja").is_file(), f"{place} is no build"
    return place

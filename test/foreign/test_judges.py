"""The judges can say no. Run by ./check --foreign: each selftest takes a minute or so."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import judges  # noqa: E402


def passes(*command, **environment):
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **environment})
    closing = re.search(r"^(\d+) passed, (\d+) failed$", answer.stdout, re.M)
    assert closing, answer.stdout[-2000:] + answer.stderr[-2000:]
    assert int(closing[1]) > 0 and closing[2] == "0", answer.stdout[-4000:]
    assert answer.returncode == 0


def test_pyhanko():
    passes(HERE / "pyhanko/judge", "selftest")


def test_lint():
    passes(HERE / "lint/lint", "selftest")


def test_dss():
    assert judges.dss_there(), "./check --foreign installs a JDK and Maven"
    passes(HERE / "dss/dss", "selftest")


def go_version():
    if not shutil.which("go"):
        return (0, 0)
    found = re.search(r"go(\d+)\.(\d+)", subprocess.run(["go", "version"], capture_output=True, text=True).stdout)
    return tuple(map(int, found.groups())) if found else (0, 0)


@pytest.mark.skipif(go_version() < (1, 25), reason="zlint needs Go 1.25, which neither Debian 12 nor 13 has")
def test_lint_with_zlint():
    passes(HERE / "lint/lint", "selftest", LINT_WITH_ZLINT="1")


def test_a_missing_judge_is_no_verdict(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(judges.Missing):
        judges.qpdf_check(HERE / "README.md")

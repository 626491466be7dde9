"""The runner of ./check counts truly: it is what says "0 failed"."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def suites(top):
    loader = importlib.machinery.SourceFileLoader("suites", str(top / "tools/suites"))
    spec = importlib.util.spec_from_loader("suites", loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["suites"] = module
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("result, stdout, passed, failed, skipped", [
    ("OK", "1..2\nok 1 - a\nok 2 - b\n", 2, 0, 0),
    ("FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n", 1, 1, 0),
    ("ERROR", "1..2\nok 1 - a\n", 1, 1, 0),          # died after the first
    ("TIMEOUT", "", 0, 1, 0),
    ("OK", "", 0, 1, 0),                            # ran nothing
    ("OK", "1..2\nok 1 - a # SKIP no network\nok 2 - b\n", 1, 0, 1),
    ("OK", "# not ok - summary\n1..1\nok 1 - a\n", 1, 0, 0),
])
def test_tap(suites, result, stdout, passed, failed, skipped):
    count = suites.tap_count("x", {"result": result, "stdout": stdout, "returncode": 1})
    assert (count.passed, len(count.failed), count.skipped) == (passed, failed, skipped)


def test_junit(suites, tmp_path):
    report = tmp_path / "r.xml"
    report.write_text('<testsuites><testsuite><testcase classname="a" name="1"/><testcase classname="a" name="2"><failure/></testcase>'
                      '<testcase classname="a" name="3"><error/></testcase><testcase classname="a" name="4"><skipped/></testcase>'
                      "</testsuite></testsuites>")
    count = suites.junit_count(report)
    assert (count.passed, count.failed, count.skipped) == (1, ["a::2", "a::3"], 1)
    assert suites.junit_count(tmp_path / "none").failed


@pytest.mark.parametrize("count, wanted", [("Count()", 1), ("Count(skipped=3)", 1), ("Count(passed=1)", 0)])
def test_a_suite_without_a_test_has_failed(suites, tmp_path, monkeypatch, count, wanted):
    monkeypatch.setattr(suites, "LOG", suites.TOP / "build")
    made = eval(count, {"Count": suites.Count})
    assert len(suites.run_suite("nothing-at-all", lambda log: made).failed) == wanted


@pytest.mark.parametrize("folder", ["tools", "scenarios", "crash", "pdf"])
def test_a_folder_of_pytest_is_a_suite_whatever_it_holds(suites, tmp_path, monkeypatch, folder):
    """Without a test in it that suite ran no test, and has failed."""
    monkeypatch.setattr(suites, "TOP", tmp_path)
    assert folder in suites.PYTEST_FOLDERS and not suites.has_pytest(folder)
    (tmp_path / "test" / folder).mkdir(parents=True)
    assert suites.has_pytest(folder)


def test_an_exception_of_the_runner_is_a_failure(suites, monkeypatch):
    monkeypatch.setattr(suites, "LOG", suites.TOP / "build")
    assert suites.run_suite("nothing-at-all", lambda log: 1 / 0).failed


def chosen(suites, monkeypatch, capsys, *words):
    """What a command line would run, and its exit status."""
    monkeypatch.setattr(sys, "argv", ["suites", "--list", *words])
    try:
        status = suites.main()
    except SystemExit as end:
        status = end.code
    return status, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("words", [("--only", "unti"), ("--only", "rooms", "--only", "unti"), ("--only", "foreign"), ("--only", "fuzz", "--fuzz-seconds", "0")])
def test_a_suite_that_does_not_exist_is_a_wrong_use(suites, monkeypatch, capsys, words):
    """It would be green without having run anything."""
    assert chosen(suites, monkeypatch, capsys, *words) == (2, [])


def test_a_wrong_name_is_said(top):
    r = subprocess.run([top / "check", "--list", "--only", "unti"], capture_output=True, text=True)
    assert r.returncode == 2 and "'unti'" in r.stderr and "--list" in r.stderr, r


def test_only_the_suites_that_are_named_and_the_builds(suites, monkeypatch, capsys):
    status, names = chosen(suites, monkeypatch, capsys, "--only", "rooms")
    always = [n for n in names if n != "rooms"]
    assert status == 0 and "rooms" in names and all(n.startswith(("build ", "python packages", "stage")) for n in always)
    assert "build fuzz" not in names
    status, names = chosen(suites, monkeypatch, capsys, "--only", "fuzz", "--fuzz-seconds", "7")
    assert status == 0 and names.index("build fuzz") < names.index("fuzz live, 7 s each") and len(names) == len(always) + 2


def test_install_lists_nest(top):
    def names(word):
        return set(subprocess.run([top / "tools/install", word, "--list"], check=True, capture_output=True, text=True).stdout.split())
    assert "nginx" in names("--run") < names("--check") < names("--foreign")


def test_install_elsewhere_names_what_is_missing(top, tmp_path):
    """On a system that is no Debian 12 or 13 nothing is installed, and the packages are named."""
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho apt-get was called; exit 1\n")
    for name in ("dpkg-query", "apt-get"):
        (tmp_path / name).chmod(0o755)
    script = (top / "tools/install").read_text().replace("/etc/os-release", str(tmp_path / "os-release"))
    (tmp_path / "install").write_text(script)
    (tmp_path / "os-release").write_text("ID=other\nVERSION_ID=7\n")
    done = subprocess.run(["sh", tmp_path / "install", "--run"], capture_output=True, text=True,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 1 and "libssl-dev" in done.stderr and "apt-get was called" not in done.stdout + done.stderr

"""What cannot be read is said in one line, with the exit status that sysexits.h calls EX_NOINPUT, by every command that reads."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest


@pytest.fixture(scope="module")
def paraph(prefix):
    """Runs a command that must fail: its exit status and its one line."""
    def run(*args, program="paraph"):
        r = subprocess.run([prefix / "bin" / program, *map(str, args)], capture_output=True, text=True, timeout=60)
        assert r.stdout == "" and r.stderr.endswith("\n"), r
        return r.returncode, r.stderr
    return run


@pytest.fixture(scope="module")
def place():
    """A folder that every user of the programs may enter."""
    with tempfile.TemporaryDirectory(prefix="paraph-") as path:
        os.chmod(path, 0o711)
        yield pathlib.Path(path)


@pytest.fixture(scope="module")
def instance(prefix, place):
    program = place / "program"
    shutil.copytree(prefix, program, symlinks=True)
    subprocess.run([program / "bin/paraph", "init", place / "i"], check=True, capture_output=True, timeout=120)
    return place / "i"


PERSON = ("--given-name", "Jane", "--surname", "Doe", "--email", "jane.doe@example.org")
NOBODY = ("--url", "https://localhost:1")  # where nothing answers: an unreadable input is noticed before


@pytest.mark.parametrize("missing", ["nowhere", "folder", "pipe"])
def test_each_input_of_each_command(paraph, instance, top, tmp_path, missing):
    bad = tmp_path / missing
    if missing == "folder":
        bad.mkdir()
    if missing == "pipe":
        os.mkfifo(bad)
    pdf, serial = top / "share/sample/contract.pdf", "4" * 40
    key = instance / "admin/sender.key"
    uses = [
        ("verify", bad), ("verify", "--trust", bad, pdf),
        ("sign", "--instance", instance, *PERSON, "--out", tmp_path, bad),
        ("sign", *NOBODY, "--sender-key", bad, "--registration-key", key, *PERSON, "--out", tmp_path, pdf),
        ("sign", *NOBODY, "--sender-key", key, "--registration-key", bad, *PERSON, "--out", tmp_path, pdf),
        ("sign", *NOBODY, "--sender-key", key, "--registration-key", key, "--ca", bad, *PERSON, "--out", tmp_path, pdf),
        ("sign", "--instance", bad, *PERSON, "--out", tmp_path, pdf),
        ("revoke", *NOBODY, "--key", bad, serial),
        ("revoke", *NOBODY, "--key", key, "--ca", bad, serial),
        ("revoke", "--instance", bad, serial),
        ("serve", bad),
        ("audit", "verify", bad),
    ]
    for use in uses:
        status, line = paraph(*use)
        assert (status, line.count("\n")) == (66, 1), (use, status, line)
        assert str(tmp_path) in line or use[0] in ("audit", "serve"), (use, line)
    status, line = paraph(bad, program="paraphd")
    assert (status, line.count("\n")) == (66, 1), line


def test_no_service_is_named(paraph, top, tmp_path):
    pdf = top / "share/sample/contract.pdf"
    for use in (("sign", *PERSON, pdf), ("sign", *NOBODY, *PERSON, pdf), ("sign", *NOBODY, "--sender-key", tmp_path / "key", *PERSON, pdf),
                ("sign", *NOBODY, "--registration-key", tmp_path / "key", *PERSON, pdf), ("revoke", "4" * 40), ("revoke", *NOBODY, "4" * 40)):
        status, text = paraph(*use)
        assert status == 64 and "Usage:" in text and "--instance" in text, (use, status, text)
    assert paraph(program="paraphd")[0] == 64


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("doctor", "--help"), ("verify", "FILE"), ("verify", "--json", "FILE"), ("verify", "--json", "SIGNED"),
                                   ("doctor", "I"), ("doctor", "--json", "I"), ("ceremony", "root-crl", "I"), ("ceremony", "root-crl", "--json", "I"),
                                   ("init", "NEW"), ("init", "--json", "NEW")], ids=" ".join)
def test_output_that_is_lost_is_a_failure(prefix, instance, build_dir, top, place, tmp_path, words):
    """A report that nobody could read is none, however long it is; what the command did stays."""
    if "SIGNED" in words:
        subprocess.run([build_dir / "test/unit/document/finish-one", tmp_path / "signed.pdf", tmp_path / "root.pem", "c", "2", "invisible"], check=True,
                       capture_output=True, env={**os.environ, "PARAPH_SOURCE": str(top)})
    names = {"FILE": top / "share/sample/contract.pdf", "SIGNED": tmp_path / "signed.pdf", "I": instance, "NEW": place / f"new-{len(words)}"}
    with open("/dev/full", "w") as full:
        r = subprocess.run([place / "program/bin/paraph", *map(str, (names.get(w, w) for w in words))], stdout=full, stderr=subprocess.PIPE, text=True,
                           timeout=120)
    told = [line for line in r.stderr.splitlines() if not line.startswith("{")]  # the keys of a ceremony log there
    assert r.returncode == 1 and len(told) == 1 and told[0].startswith("paraph: standard output "), r
    assert words[0] != "init" or ((names["NEW"] / "bootstrap.json").exists() and not (names["NEW"] / "unfinished").exists())


def test_a_folder_may_begin_with_a_hyphen(prefix, instance, tmp_path):
    """Here and in the programs that a command becomes."""
    for name in ("-i", "--json"):
        (tmp_path / name).symlink_to(instance)
        r = subprocess.run([prefix / "bin/paraph", "audit", "verify", "--", name], capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert "sage:" not in r.stderr and name in r.stdout + r.stderr, r
        (tmp_path / name).unlink()
        r = subprocess.run([prefix / "bin/paraph", "audit", "verify", "--", name], capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert (r.returncode, r.stderr.count("\n")) == (66, 1) and name in r.stderr, r
        r = subprocess.run([prefix / "bin/paraph", "serve", "--", name], capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert (r.returncode, r.stderr.count("\n")) == (66, 1) and name in r.stderr, r


@pytest.mark.parametrize("words, says", [(("4" * 39,), "40 hex digits"), (("4" * 41,), "40 hex digits"), (("x" * 40,), "40 hex digits"), (("",), "40 hex digits"),
                                         (("--reason", "boredom", "4" * 40), "no reason")])
def test_revoke_is_used_wrongly(paraph, instance, words, says):
    status, text = paraph("revoke", "--instance", instance, *words)
    assert status == 64 and says in text, (status, text)

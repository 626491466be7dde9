"""paraph verify as a relying party runs it: words, JSON and exit status, on files of our own and on what is done to them."""
import json
import os
import subprocess

import pytest


@pytest.fixture(scope="module")
def signed(build_dir, top, tmp_path_factory):
    """A finished document of two signers and the root that proves it."""
    folder = tmp_path_factory.mktemp("verify")
    out, root = folder / "signed.pdf", folder / "root.pem"
    subprocess.run([build_dir / "test/unit/document/finish-one", out, root, "c", "2", "invisible"], check=True,
                   capture_output=True, env={**os.environ, "PARAPH_SOURCE": str(top)})
    return out, root


@pytest.fixture(scope="module")
def verify(prefix):
    """Runs it; status is the exit status wanted, or several."""
    def run(*args, status):
        r = subprocess.run([prefix / "bin/paraph", "verify", *map(str, args)], capture_output=True, text=True, timeout=60)
        assert r.returncode in (status if isinstance(status, tuple) else (status,)), r.stdout + r.stderr
        return r.stdout
    return run


@pytest.mark.sanitized
def test_valid_in_plain_words(verify, signed):
    out, root = signed
    text = verify("--trust", root, out, status=0)
    assert "Signed by Jane Doe and Jane Doe. The document has not changed since." in text
    assert "Proven now and for the archive" in text
    assert "The certificate lived 15 minutes on purpose" in text
    assert text.count("Changed?") == 4


def test_json(verify, signed):
    out, root = signed
    report = json.loads(verify("--json", "--trust", root, out, status=0))
    assert report["verdict"] == "valid" and report["fetched"] is False
    kinds = [(s["type"], s["verdict"], s["change"]) for s in report["signatures"]]
    assert kinds == [("signature", "valid", "extended"), ("time-stamp", "valid", "extended"),
                     ("signature", "valid", "extended"), ("time-stamp", "valid", "unchanged")]
    assert report["signatures"][0]["level"] == "LTA"
    assert report["signatures"][-1]["covered"] == report["size"] == out.stat().st_size


def test_without_trust_it_cannot_be_decided(verify, signed):
    text = verify(signed[0], status=2)
    assert "is not known here" in text and "has not changed since" in text


def test_another_root_is_no_trust(verify, signed, tmp_path):
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    tmp_path / "k", "-out", other, "-subj", "/CN=Other", "-days", "2"], check=True, capture_output=True)
    verify("--trust", other, signed[0], status=2)
    both = tmp_path / "both.pem"
    both.write_bytes(other.read_bytes() + signed[1].read_bytes())
    verify("--trust", both, signed[0], status=0)


@pytest.mark.parametrize("place", ["file", "newest token"])
def test_a_changed_octet(verify, signed, tmp_path, place):
    """Octets all over the file, and more of the newest token, which nothing else covers."""
    data = signed[0].read_bytes()
    start = 0 if place == "file" else data.rindex(b"/Contents <") + 11
    end = len(data) if place == "file" else data.index(b">", start)
    for at in range(start + 5, end, (end - start) // 40):
        changed = tmp_path / "changed.pdf"
        changed.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        report = json.loads(verify("--json", "--trust", signed[1], changed, status=(1, 2)))
        assert report["verdict"] != "valid", at
        assert "has not changed" not in report["sentence"], at


def test_something_appended(verify, signed, tmp_path):
    appended = tmp_path / "appended.pdf"
    appended.write_bytes(signed[0].read_bytes() + b"%something\n")
    assert "cannot be read without guessing" in verify("--trust", signed[1], appended, status=2)


def test_what_is_not_signed(verify, top, tmp_path):
    assert "Nobody signed this file" in verify(top / "share/sample/contract.pdf", status=1)
    text = tmp_path / "text.pdf"
    text.write_text("hello")
    verify(text, status=2)
    (tmp_path / "empty.pdf").write_bytes(b"")
    verify(tmp_path / "empty.pdf", status=1)
    verify(tmp_path / "nowhere.pdf", status=66)
    verify(tmp_path, status=66)


def test_a_trust_file_that_cannot_be_read(verify, signed, tmp_path):
    (tmp_path / "text").write_text("no certificate")
    for trust in (tmp_path / "nowhere.pem", tmp_path, tmp_path / "text"):
        verify("--trust", trust, signed[0], status=66)


def test_usage(verify, signed):
    verify(status=64)
    verify("--trust", status=64)
    verify("--nonsense", signed[0], status=64)
    verify("a", "b", status=64)
    assert "Exit status" in verify("--help", status=0)


def test_a_name_cannot_reach_the_terminal(verify, tmp_path):
    odd = tmp_path / "a\x1b[31m.pdf"
    odd.write_text("hello")
    assert "\x1b" not in verify(odd, status=2)

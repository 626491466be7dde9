"""A step fails after the certificate was made: it is revoked while it is valid, nothing is released, the signer is told, and may sign anew."""
import contextlib
import os
import pathlib
import signal
import sqlite3
import sys
import threading
import time

import pytest

from service import SAMPLE, Journey, Problem, Service

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))
import crash  # noqa: E402


@pytest.fixture(scope="module")
def instance(prefix):
    s = Service(prefix)
    s.start()
    yield s
    s.remove()


@contextlib.contextmanager
def document_stands_still(instance):
    pids = instance.pids("paraph-document")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class Order(threading.Thread):
    """The signer's order, which does not come back before the final check."""

    def __init__(self, journey):
        super().__init__()
        self.journey, self.told = journey, None
        self.start()

    def run(self):
        try:
            self.told = self.journey.browser.post("/s/v1/sign")
        except Exception as e:
            self.told = e


def joined(instance):
    """The finished file, as core wrote it and before anybody checked it."""
    folder = instance.dir / "blobs/new"
    size, until = -1, time.monotonic() + 10
    while time.monotonic() < until:
        files = [f for f in folder.iterdir() if f.stat().st_size > 0]
        if len(files) == 1 and files[0].stat().st_size == size:
            return files[0]
        size = files[0].stat().st_size if files else -1
        time.sleep(0.3)
    raise AssertionError("no joined file came\n" + instance.logs())


def at_the_final_check(instance, harm):
    """What the signer is told when harm(joined file, serial) happens while his finished document waits to be checked."""
    j = Journey(instance).until_consent()
    since = crash.intents(instance)
    with document_stands_still(instance):
        order = Order(j)
        path = joined(instance)
        (serial,), = crash.rows(instance, "SELECT lower(hex(serial)) FROM intent WHERE n > ?", since)
        assert "good" in crash.told(instance, serial)
        harm(path, serial)
    order.join(40)
    assert not order.is_alive()
    return j, order.told, serial, since


def nothing_was_signed(instance, tmp_path, j, told, serial, since, slug, status, word):
    assert isinstance(told, Problem) and (told.slug, told.status) == (slug, status), told
    with pytest.raises(Problem) as result:
        j.browser.get("/s/v1/result")
    assert result.value.slug == "signature-void" and word in result.value.body["detail"], result.value
    (state, revoked_at, not_after, revisions, proofs), = crash.rows(
        instance, "SELECT a.state, r.at, c.not_after, (SELECT count(*) FROM revision v WHERE v.act = a.id), (SELECT count(*) FROM proof p WHERE"
        " p.act = a.id) FROM intent i JOIN act a ON a.id = i.act JOIN certificate c ON c.intent = i.id JOIN revocation r ON r.serial = c.serial"
        " WHERE lower(hex(i.serial)) = ?", serial)
    assert (state, revisions, proofs) == ("void", 0, 0)
    crash.settled(j, tmp_path, "void", since)
    assert j.browser.raw("GET", "/s/v1/signed/1")[0] in (404, 409)
    assert not list((instance.dir / "blobs/new").iterdir()), "the file that was not good is gone"
    # The same signer, the same invitation: a fresh code and a fresh consent, and another certificate.
    j.send_code().try_code().consent().sign()
    assert j.result["status"] == "signed" and crash.serial_of(j) != serial
    crash.settled(j, tmp_path, "signed", since + 1)
    return revoked_at, not_after


def test_the_final_check_finds_an_octet_changed(instance, tmp_path):
    """A disk that gives back another octet than it got, in what the signature covers."""
    def harm(path, serial):
        with open(path, "r+b") as f:
            f.seek(SAMPLE.stat().st_size // 2)
            octet = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([octet[0] ^ 1]))
    j, told, serial, since = at_the_final_check(instance, harm)
    revoked_at, not_after = nothing_was_signed(instance, tmp_path, j, told, serial, since, "final-check", 500, "revision 0 is not what the signer consented to")
    assert revoked_at < not_after, "revoked while it is valid"


def test_the_certificate_ends_before_the_signature_is_complete(instance, tmp_path):
    """The last check took longer than the certificate lives: here its end is moved, in core's own record of it."""
    def harm(path, serial):
        db = sqlite3.connect(instance.dir / "db/paraph.db", timeout=10)
        with db:
            assert db.execute("UPDATE certificate SET not_after = ? WHERE lower(hex(serial)) = ?", (int((time.time() + 1) * 1e6), serial)).rowcount == 1
        db.close()
    j, told, serial, since = at_the_final_check(instance, harm)
    nothing_was_signed(instance, tmp_path, j, told, serial, since, "signature-void", 409, "the certificate ended before the signature was complete")

"""The kill table: kill -9 of the acting program at each named point of a signature.

After the restart the truth is told: the act is either signed, with a document that validates, or void, with its certificate revoked (or
never made); one intent has at most one certificate; every certificate is answered by OCSP; database, journals and audit log agree; and
the next signature works. A point that was not reached fails its test.
"""
import json
import pathlib
import re
import sqlite3
import subprocess
import time

import judges
import pytest

import service as service_module
from service import Journey, Problem

TOP = pathlib.Path(__file__).resolve().parents[2]

# What the whole way of one signature passes, by the program that acts.
POINTS = {
    "KEYS": ["keys.enrol.record", "keys.activation.begun", "keys.code.sent", "keys.activation.answer", "keys.code.tried",
             "keys.code.proved", "keys.activation.completed", "keys.pen.key", "keys.pen.certificate", "keys.pen.attributes",
             "keys.pen.signature", "keys.pen.result", "keys.pen.answer", "keys.increment.signature", "keys.increment.dss",
             "keys.increment.stamp", "keys.document.result", "keys.checkpoint.record", "keys.checkpoint.answer", "keys.seal.record",
             "keys.seal.answer"],
    "KEYS_STATUS": ["keys.stamp.record", "keys.stamp.answer", "keys.ocsp.record", "keys.ocsp.answer"],
    "CORE": ["core.intent", "core.certificate", "core.publication", "core.token", "core.increment1", "core.increment2",
             "core.increment3", "core.checked", "core.result", "core.checkpoint", "core.release", "core.answer"],
}
# Points of other ways than a signature, each with the reason why it is not in the table above.
ELSEWHERE = {
    "keys.ceremony.key": "paraph init", "keys.ceremony.certificate": "paraph init",
    "keys.certificate.record": "renewal of the OCSP certificate", "keys.certificate.answer": "renewal of the OCSP certificate",
    "keys.crl.record": "revocation list", "keys.crl.answer": "revocation list",
    "keys.journal.segment": "change of segment, by unit test", "keys.intent.voided": "settlement of a void act",
}


@pytest.fixture(scope="module")
def instance(prefix):
    s = service_module.Service(prefix)
    yield s
    s.kill()
    s.remove()


def test_the_table_names_every_point_of_the_source():
    found = set()
    for path in [*TOP.glob("src/keys/*.c"), *TOP.glob("src/core/*.c"), *TOP.glob("src/api/*.c")]:
        found |= set(re.findall(r'FAULT_POINT\("([^"]+)"\)', path.read_text()))
    listed = {p for points in POINTS.values() for p in points}
    assert found == listed | set(ELSEWHERE)
    assert not listed & set(ELSEWHERE)



def log_of(instance):
    text = ""
    for path in [instance.place / "server.log", *sorted((instance.dir / "log").glob("*"))]:
        if path.is_file():
            text += path.read_text(errors="replace")
    return text


def healthy(instance, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            instance.api().get("/v1/health")
            return
        except (Problem, OSError):
            time.sleep(0.1)
    raise AssertionError("the service did not come back\n" + instance.logs())


def walk(j):
    """Goes as far as it gets; a step that fails because a program died is tried again once the service is back, as a signer would."""
    for step in (j.register, j.upload, j.request, j.link, j.open, j.send_code, j.try_code, j.consent):
        for attempt in range(3):
            try:
                step()
                break
            except (Problem, OSError, AssertionError) as e:
                healthy(j.service)
                if isinstance(e, Problem) and e.slug == "code-none":  # a restart voids an open code: a new one is asked for
                    j.send_code()
                elif isinstance(e, Problem) and e.slug == "code-wrong":  # two codes came, because the first answer was lost
                    j.code = re.search(r"(?<!\w)(\d{6})(?!\w)", j.service.mails(j.email)[0]["text"]).group(1)
        else:
            raise AssertionError(f"{step.__name__} failed three times")


def outcome(j, seconds=40):
    """"signed", or "void"."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            status = j.browser.get("/s/v1/result")["status"]
            if status == "none":  # the intent was never committed: nothing was begun
                return "void"
            if status != "signing":
                return status
        except Problem as e:
            if e.slug == "signature-void":
                return "void"
            if e.status < 500:
                raise
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the act was not settled\n" + j.service.logs())


def certificates(instance):
    """serial, state of the act, number of certificates of the intent: from a copy of the database."""
    db = sqlite3.connect(f"file:{instance.dir}/db/paraph.db?mode=ro", uri=True)
    rows = db.execute("SELECT lower(hex(c.serial)), a.state, (SELECT count(*) FROM certificate d WHERE d.intent = c.intent)"
                      " FROM certificate c JOIN intent i ON i.id = c.intent JOIN act a ON a.id = i.act").fetchall()
    db.close()
    return rows


def ocsp(instance, serial):
    r = subprocess.run(["openssl", "ocsp", "-issuer", str(instance.dir / "public/issuing.pem"), "-serial", "0x" + serial, "-url",
                        f"http://127.0.0.1:{instance.http}/ocsp", "-CAfile", str(instance.dir / "public/root.pem"), "-verify_other",
                        str(instance.dir / "public/issuing.pem")], capture_output=True, text=True, timeout=30)
    return r.stdout + r.stderr


def sign_once(j):
    try:
        j.sign()
    except (Problem, OSError, AssertionError):
        pass
    healthy(j.service)


@pytest.mark.parametrize("program,point", [(p, x) for p, points in POINTS.items() for x in points])
def test_kill(instance, tmp_path, program, point):
    before = log_of(instance).count('"event":"fault"')
    instance.start(env={f"PARAPH_FAULT_{program}": point}, wait=False)
    try:
        instance.wait_ready(40)
        healthy(instance)
        j = Journey(instance)
        walk(j)
        sign_once(j)
        assert log_of(instance).count('"event":"fault"') > before, f"{point} was not reached"
        end = outcome(j)
        if end == "signed":
            path = j.save(tmp_path)
            assert path.read_bytes().startswith(j.pdf.read_bytes())
            assert judges.pdfsig(path).ok
            assert instance.paraph("verify", "--trust", tmp_path / "root.pem", path, check=False).returncode == 0
        for serial, state, n in certificates(instance):
            assert n == 1, "one intent has two certificates"
            told = ocsp(instance, serial)
            assert ("revoked" if state == "void" else "good") in told, (serial, state, told)
        told = json.loads(instance.paraph("audit", "verify", "--json", instance.dir, check=False).stdout)
        assert told["agrees"], told
        # The same signer again, when nothing was signed; and anybody else.
        Journey(instance).whole()
    finally:
        instance.stop()

"""What the crash tests share: how a signer goes on when a program died under him, and what must be true afterwards."""
import json
import pathlib
import re
import sqlite3
import subprocess
import time
import uuid

import judges

import service as service_module
from service import Problem

TOP = pathlib.Path(__file__).resolve().parents[2]
LOST = (Problem, OSError, AssertionError)  # what a caller sees of a program that died


# ---- points ----------------------------------------------------------------------------------------------------------------


def points_of_the_source():
    """Every point at which a program can be made to die. keys.torn.N dies in the middle of writing a record of type N; what is
    in the file before its fsync is a part of it at best, and what is there after it has points by name."""
    found = set()
    for path in TOP.glob("src/**/*.c"):
        text = path.read_text()
        found |= set(re.findall(r'FAULT_POINT\("([^"]+)"\)', text))
        torn = re.findall(r'FAULT_TORN\("([^"]+)"', text)
        found |= {f"{name}.{n}" for name in torn for n in record_types()}
    return found


def record_types():
    named = dict(re.findall(r"RECORD_(\w+) = (\d+),", (TOP / "src/keys/record.h").read_text().split("};")[0]))
    named.update(re.findall(r"JOURNAL_(CUT) = (\d+)", (TOP / "src/keys/journal.h").read_text()))
    del named["COUNTERS"]  # stands in the head of a segment only, which is whole before it has its name
    return sorted(map(int, named.values()))


def points_of(env):
    """{"KEYS": "a,b"}: a kills the first start of paraph-keys, b the second."""
    return [point for points in env.values() for point in points.split(",")]


def start(instance, env, ready=40):
    instance.start(env={f"PARAPH_FAULT_{program}": points for program, points in env.items()}, wait=False)
    instance.wait_ready(ready)


def reached(instance, point):
    """How often a program died at the point since the instance was made."""
    name = point.split("@")[0]
    text = ""
    for path in [instance.place / "server.log", *sorted((instance.dir / "log").glob("*"))]:
        if path.is_file():
            text += path.read_text(errors="replace")
    return text.count(f'"event":"fault","point":"{name}"')


class Watch:
    """That every point of env is reached after this moment."""

    def __init__(self, instance, env):
        self.instance = instance
        self.before = {point: reached(instance, point) for point in points_of(env)}

    def missing(self):
        return [point for point, n in self.before.items() if reached(self.instance, point) <= n]

    def all_reached(self, seconds=15):
        assert within(seconds, lambda: not self.missing()), f"{self.missing()}: not reached\n" + self.instance.logs()


# ---- waiting ---------------------------------------------------------------------------------------------------------------


def within(seconds, question):
    until = time.monotonic() + seconds
    while not question():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def healthy(instance, seconds=30):
    def answers():
        try:
            instance.api().get("/v1/health")
            return True
        except (Problem, OSError):
            return False
    assert within(seconds, answers), "the service did not come back\n" + instance.logs()


def at_rest(instance):
    """What core does once after its start is done, a stamp of the log last: from now on signers alone make it pass a point."""
    started = "SELECT max(n) FROM audit_leaf WHERE CAST(leaf AS TEXT) LIKE '%\"core.started\"%'"
    stamped = f"SELECT 1 FROM checkpoint WHERE token IS NOT NULL AND size > ({started})"
    assert within(30, lambda: rows(instance, stamped)), "the log was not stamped after the start\n" + instance.logs()


# ---- a signer who does not give up -----------------------------------------------------------------------------------------


def again(j, step, times=5):
    """A step that fails because a program died is tried again once the service is back; a POST of the sender with the same
    Idempotency-Key."""
    for attempt in range(times):
        try:
            step()
            return
        except LOST as e:
            if attempt + 1 == times:
                raise
            healthy(j.service)
            if isinstance(e, Problem) and e.slug == "code-none":  # a restart voids an open code: a new one is asked for
                again(j, j.send_code)
            elif isinstance(e, Problem) and e.slug == "code-wrong":  # two codes came, because the first answer was lost
                j.code = re.search(r"(?<!\w)(\d{6})(?!\w)", j.service.mails(j.email)[0]["text"]).group(1)


def walk(j):
    """To the consent."""
    keys = [uuid.uuid4().hex for _ in range(3)]
    verified_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for step in (lambda: j.register(key=keys[0], verified_at=verified_at), lambda: j.upload(key=keys[1]),
                 lambda: j.request(key=keys[2]), j.link, j.open, j.send_code, j.try_code, j.consent):
        again(j, step)


def sign_once(j):
    try:
        j.sign()
    except LOST:
        pass
    healthy(j.service)


def outcome(j, seconds=40):
    """"signed", "void", or "none" when nothing was begun."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            status = j.browser.get("/s/v1/result")["status"]
            if status != "signing":
                return status
        except Problem as e:
            if e.slug == "signature-void":
                return "void"
            if e.status < 500:
                raise
        except OSError:
            pass
        time.sleep(0.1 if time.monotonic() < began + 5 else 0.7)  # a session may ask 120 times a minute
    raise AssertionError("the act was not settled\n" + j.service.logs())


# ---- what must be true -----------------------------------------------------------------------------------------------------


def rows(instance, sql, *values):
    db = sqlite3.connect(f"file:{instance.dir}/db/paraph.db?mode=ro", uri=True)
    found = db.execute(sql, values).fetchall()
    db.close()
    return found


def serial_of(j):
    """Of the certificate that this signer's act has."""
    return j.browser.get("/s/v1/result")["documents"][0]["certificate"]["serial"]


def listed(instance, *serials):
    """Whether the list that relying parties fetch names the serials."""
    status, der, _ = instance.plain("/crl/issuing.crl")
    text = subprocess.run(["openssl", "crl", "-inform", "DER", "-noout", "-text"], input=der, capture_output=True, check=True).stdout.decode()
    return status == 200 and all(serial.upper() in text for serial in serials)


def told(instance, serial):
    """What OCSP says; the answer may be one that the front keeps for a few seconds."""
    return service_module.ocsp(instance, serial, nonce=False)


def agrees(instance):
    found = json.loads(instance.paraph("audit", "verify", "--json", instance.dir, check=False).stdout)
    assert found["agrees"], found


def acknowledged(j):
    """What the sender was told exists, exists, and once."""
    api = j.service.api("sender")
    assert j.service.api("registration").get(f"/v1/registrations/{j.registration}")["id"] == j.registration
    assert api.get(f"/v1/files/{j.file['id']}")["sha256"] == j.file["sha256"]
    assert api.get(f"/v1/requests/{j.req['id']}")["id"] == j.req["id"]
    once = rows(j.service, "SELECT count(*), (SELECT count(*) FROM signer s WHERE s.registration = e.registration) FROM enrolment e WHERE"
                " e.address = ?", j.email)
    assert once == [(1, 1)], "asked again with the same key, and made twice"


def intents(instance):
    return rows(instance, "SELECT coalesce(max(n), 0) FROM intent")[0][0]


def settled(j, folder, end, since=0):
    """Nothing is half: a signed document validates, or its certificate is revoked; OCSP, list, log and journals say the same. since:
    the intents that were there before, of which all this was said already."""
    instance = j.service
    acknowledged(j)
    if end == "signed":
        path = j.save(folder)
        assert path.read_bytes().startswith(j.pdf.read_bytes())
        assert judges.pdfsig(path).ok
        assert instance.paraph("verify", "--trust", folder / "root.pem", path, check=False).returncode == 0
        check = instance.prefix / "share/paraph/check-proof"
        proof = subprocess.run([check, folder / "root.pem", folder / "signed-proof.json", path], capture_output=True, text=True)
        assert proof.returncode == 0, proof.stdout + proof.stderr
    revoked = []
    for serial, state, n in rows(instance, "SELECT lower(hex(i.serial)), a.state, (SELECT count(*) FROM certificate c WHERE c.intent = i.id)"
                                 " FROM intent i JOIN act a ON a.id = i.act WHERE i.n > ?", since):
        assert n <= 1, "one intent has two certificates"
        assert state in ("signed", "void"), state
        wanted = "unknown" if n == 0 else "good" if state == "signed" else "revoked"
        said = service_module.ocsp(instance, serial)
        assert wanted in said, (serial, state, n, said)
        if wanted == "revoked":
            revoked.append(serial)
    assert within(10, lambda: listed(instance, *revoked)), "the list does not name every revoked certificate"
    agrees(instance)


def age(instance, sql):
    """Lets time pass in the database of a service that is stopped."""
    db = sqlite3.connect(instance.dir / "db/paraph.db")
    with db:
        db.execute(sql)
    db.close()

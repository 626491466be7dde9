"""`paraph ceremony root-crl` renews the root's list, while the service runs and while it is stopped; without it signing pauses in time,
and nothing is begun that could not be finished."""
import base64
import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import service as service_module
from service import Journey, Problem

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def old(prefix):
    """A service whose root's list each test renews."""
    s = service_module.Service(prefix)
    s.start()
    yield s
    s.kill()
    s.remove()


def number(der):
    return x509.load_der_x509_crl(der).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def served(service):
    status, data, _ = service.plain("/crl/root.crl")
    assert status == 200
    return data


def wait_served(service, wanted, seconds=20):
    until = time.monotonic() + seconds
    while number(data := served(service)) != wanted:
        assert time.monotonic() < until, (number(data), wanted)
        time.sleep(0.1)
    return data


def ceremony(service):
    return json.loads(service.paraph("ceremony", "root-crl", "--json", service.dir).stdout)


def rows(service, sql):
    with contextlib.closing(sqlite3.connect(f"file:{service.dir}/db/paraph.db?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(sql).fetchall()


def told(service):
    """What the audit log says of each list."""
    leaves = [json.loads(leaf) for (leaf,) in rows(service, "SELECT leaf FROM audit_leaf ORDER BY n")]
    return [(leaf["number"], leaf["sha256"]) for leaf in leaves if leaf["event"] == "authority.root-crl"]


def openssl_verifies(service, der, tmp_path):
    (tmp_path / "list.der").write_bytes(der)
    r = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", tmp_path / "list.der", "-noout", "-verify", "-CAfile", service.dir / "public/root.pem"],
                       capture_output=True, text=True)
    assert r.returncode == 0 and "verify OK" in r.stdout + r.stderr, r


def signs_with(service, der, tmp_path):
    """A signature is made, with this list as evidence, and everybody is content with it."""
    j = Journey(service).whole()
    assert j.result["status"] == "signed", j.result
    file = j.save(tmp_path)
    r = service.paraph("verify", "--trust", service.dir / "public/root.pem", file)
    assert "Jane Doe" in r.stdout
    assert [base64.b64decode(c) for c in json.loads(j.proof())["proof"]["chain"]["crls"]] == [der]
    service.paraph("audit", "verify", service.dir)


def fits(service, answer, before, der):
    after = x509.load_der_x509_crl(der)
    assert answer["number"] == number(before) + 1 == number(der) and answer["sha256"] == hashlib.sha256(der).hexdigest()
    assert after.next_update_utc - after.last_update_utc == 180 * DAY and len(after) == 0
    assert answer["next_update"] == after.next_update_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert told(service)[-1] == (answer["number"], answer["sha256"])


def test_while_it_runs(old, tmp_path):
    before = served(old)
    answer = ceremony(old)
    der = wait_served(old, number(before) + 1)
    fits(old, answer, before, der)
    assert not old.pids("paraph-keys") or not any(b"role=root" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes() for p in old.pids("paraph-keys"))
    openssl_verifies(old, der, tmp_path)
    signs_with(old, der, tmp_path)


def test_while_it_is_stopped(old, tmp_path):
    before = served(old)
    old.stop()
    first, second = ceremony(old), ceremony(old)
    assert second["number"] == first["number"] + 1
    old.start()
    der = wait_served(old, second["number"])  # the front gives an old answer for five seconds
    assert told(old)[-1] == (second["number"], hashlib.sha256(der).hexdigest())
    assert number(der) == number(before) + 2
    openssl_verifies(old, der, tmp_path)
    signs_with(old, der, tmp_path)


def shifted(der, ago, left):
    """The list as it would be had it been made that long ago, but for the signature: no test has the root's key."""
    list_ = x509.load_der_x509_crl(der)
    now = datetime.datetime.now(datetime.timezone.utc)
    for old_time, new in [(list_.last_update_utc, now - ago), (list_.next_update_utc, now + left)]:
        was = old_time.strftime("%y%m%d%H%M%SZ").encode()
        assert der.count(was) >= 1
        der = der.replace(was, new.strftime("%y%m%d%H%M%SZ").encode(), 1)
    return der


def make_old(service, left):
    service.stop()
    with contextlib.closing(sqlite3.connect(service.dir / "db/paraph.db", timeout=10)) as db:
        n, der = db.execute("SELECT n, der FROM authority WHERE purpose = 'root_crl' ORDER BY n DESC LIMIT 1").fetchone()
        db.execute("UPDATE authority SET der = ? WHERE n = ?", (shifted(der, 180 * DAY, left), n))
        db.commit()
    service.start()


@pytest.mark.parametrize("left", [-DAY, datetime.timedelta(seconds=20)])
def test_an_ended_list_pauses_signing_and_a_ceremony_heals_it(old, tmp_path, left):
    make_old(old, left)
    begun = rows(old, "SELECT (SELECT count(*) FROM act), (SELECT count(*) FROM intent), (SELECT count(*) FROM certificate),"
                      " (SELECT count(*) FROM revocation)")
    j = Journey(old).until_consent()
    with pytest.raises(Problem) as paused:
        j.browser.post("/s/v1/sign")
    assert (paused.value.status, paused.value.body["type"].rsplit("/", 1)[-1]) == (503, "signing-paused"), paused.value
    assert j.browser.get("/s/v1/result")["status"] == "none"
    assert begun == rows(old, "SELECT (SELECT count(*) FROM act), (SELECT count(*) FROM intent), (SELECT count(*) FROM certificate),"
                              " (SELECT count(*) FROM revocation)")
    answer = ceremony(old)
    wait_served(old, answer["number"])
    j.sign()  # the same signer, who consented before
    assert j.result["status"] == "signed", j.result
    old.paraph("verify", "--trust", old.dir / "public/root.pem", j.save(tmp_path))
    old.paraph("audit", "verify", old.dir)


# ---- what is refused ---------------------------------------------------------------------------------------------------------


def tree(folder):
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink()}


def refused(service, says, status=1, directory=None, wrap=()):
    r = subprocess.run([*wrap, service.prefix / "bin/paraph", "ceremony", "root-crl", directory or service.dir], capture_output=True, text=True,
                       timeout=60, env=service.env)
    assert r.returncode == status and r.stdout == "" and any(line.startswith("paraph: ") and says in line for line in r.stderr.splitlines()), r
    return r


@contextlib.contextmanager
def away(path):
    path.rename(path.with_suffix(".away"))
    try:
        yield
    finally:
        path.with_suffix(".away").rename(path)


@pytest.fixture
def untouched(old):
    """Whatever is refused changes neither the list nor anything of the root."""
    before = tree(old.dir / "keys/root"), (old.dir / "public/root.crl").read_bytes()
    yield old
    assert before == (tree(old.dir / "keys/root"), (old.dir / "public/root.crl").read_bytes())


def test_without_an_instance(untouched, tmp_path):
    refused(untouched, "does not exist", 66, tmp_path / "nowhere")
    refused(untouched, "paraph.conf", 66, tmp_path)
    (untouched.dir / "unfinished").touch()
    try:
        refused(untouched, "is not complete")
    finally:
        (untouched.dir / "unfinished").unlink()


def test_used_wrongly(untouched):
    for words in (["ceremony"], ["ceremony", "root-crl"], ["ceremony", "tea", untouched.dir], ["ceremony", "root-crl", untouched.dir, "more"]):
        r = untouched.paraph(*words, check=False)
        assert r.returncode == 64 and r.stderr, r


@pytest.mark.parametrize("name, says", [("keys/root/keystore", "bring it back"), ("keys/root/passphrase", "passphrase"), ("keys/root/journal", "journal"),
                                         ("public/root.crl", "bring it back"), ("public/root.cer", "bring it back")])
def test_what_is_missing_is_not_made_anew(untouched, name, says):
    with away(untouched.dir / name):
        refused(untouched, says)
        assert not (untouched.dir / name).exists()


def test_passphrase_from_elsewhere(old):
    """As the service manager hands it over."""
    with away(old.dir / "keys/root/passphrase"):
        folder = old.place / "credentials"
        folder.mkdir(mode=0o755)
        (folder / "paraph-root").write_bytes((old.dir / "keys/root/passphrase.away").read_bytes())
        os.chmod(folder / "paraph-root", 0o444)
        before = number(served(old))
        r = subprocess.run([old.prefix / "bin/paraph", "ceremony", "root-crl", "--json", old.dir], capture_output=True, text=True, timeout=60,
                           env=dict(old.env, CREDENTIALS_DIRECTORY=str(folder)))
        assert r.returncode == 0 and json.loads(r.stdout)["number"] == before + 1, r
    wait_served(old, before + 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_by_the_user_to_whom_the_instance_belongs(prefix):
    """Nothing of it needs root's rights."""
    s = service_module.Service(prefix, wrap=["true"])  # makes the folders only
    try:
        shutil.rmtree(s.dir, ignore_errors=True)
        os.chown(s.place, 65534, 65534)
        s.wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        s.paraph("init", "--https-port", s.https, "--http-port", s.http, s.dir)
        assert ceremony(s)["number"] == 2
        s.start()
        assert number(served(s)) == 2
    finally:
        s.kill()
        s.remove()


def test_wrong_passphrase(untouched):
    path = untouched.dir / "keys/root/passphrase"
    kept = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(b"not-the-one\n")
    try:
        assert "KEYSTORE_SEAL" in refused(untouched, "passphrase").stderr
    finally:
        path.write_bytes(kept)
        path.chmod(0o400)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's rights are tried by root only")
def test_another_user_may_not(untouched):
    refused(untouched, "as root, or as the user to whom the instance belongs", wrap=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])


def test_one_ceremony_at_a_time(untouched):
    fd = os.open(untouched.dir / "keys/root", os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        refused(untouched, "another ceremony")
    finally:
        os.close(fd)


@contextlib.contextmanager
def replaced(path, data):
    kept, st = path.read_bytes(), path.stat()
    path.unlink()
    path.write_bytes(data)
    path.chmod(0o444)
    try:
        yield
    finally:
        path.unlink()
        path.write_bytes(kept)
        path.chmod(st.st_mode & 0o7777)


def forged(service, n):
    """All as it should be, but with another key."""
    root = x509.load_der_x509_certificate((service.dir / "public/root.cer").read_bytes())
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    key_id = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    expired = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f" + (now - 9 * DAY).strftime("%Y%m%d%H%M%SZ").encode())
    return (x509.CertificateRevocationListBuilder().issuer_name(root.subject).last_update(now).next_update(now + 90 * DAY)
            .add_extension(x509.CRLNumber(n), False).add_extension(x509.AuthorityKeyIdentifier(key_id, None, None), False)
            .add_extension(expired, False)
            .sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()).public_bytes(serialization.Encoding.DER))


@pytest.mark.parametrize("what", ["garbage", "empty", "huge", "forged", "older"])
def test_core_takes_only_what_the_root_signed_and_nothing_older(old, what):
    path = old.dir / "public/root.crl"
    if what == "older":
        kept = path.read_bytes()
        wait_served(old, ceremony(old)["number"])
    before, lists = served(old), told(old)
    data = {"garbage": b"garbage", "empty": b"", "huge": b"0" * 10000, "forged": forged(old, number(before) + 1),
            "older": kept if what == "older" else None}[what]

    def lines():
        return sum(path.read_text().count("root-crl-refused") for path in (old.dir / "log").glob("*"))
    had = lines()
    with replaced(path, data):
        if what != "older":
            assert "paraph: " in refused(old, "").stderr  # nor is it the list that the next one follows
        until = time.monotonic() + 20
        while lines() == had:
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(6)  # looked at again: told once
        assert lines() == had + 1
        assert served(old) == before and told(old) == lists


# ---- deaths ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["keys.crl.record", "keys.torn.4", "keys.crl.answer"])
def test_a_root_that_dies_does_not_end_all_later_ceremonies(old, point):
    before = number(served(old))
    r = subprocess.run([old.prefix / "bin/paraph", "ceremony", "root-crl", old.dir], capture_output=True, text=True, timeout=60,
                       env=dict(old.env, PARAPH_FAULT_ROOT=point))
    assert r.returncode == 1 and "keys/root" in r.stderr and f'"point":"{point}"' in r.stderr, r
    answer = ceremony(old)
    assert answer["number"] == before + (1 if "torn" in point else 2)  # a number is given once
    wait_served(old, answer["number"])
    old.paraph("audit", "verify", old.dir)


def test_core_dies_before_the_list_is_published(old):
    old.stop()
    old.start(env={"PARAPH_FAULT_CORE": "core.root-crl"})
    answer = ceremony(old)
    wait_served(old, answer["number"], 40)
    assert '"point":"core.root-crl"' in old.logs()
    assert [n for n, _ in told(old)].count(answer["number"]) == 1
    old.stop()
    old.start()
    old.paraph("audit", "verify", old.dir)

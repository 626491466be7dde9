"""Checkpoints of the audit log are time-stamped, and `paraph audit verify` names the first token that is wrong, missing or out of order.

What is forged here is forged in the database, and in the auditor's copy of it: the log itself stays as it is, and betrays.
"""
import base64
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import time

import pytest

import service as service_module
from test_audit import dropped, ended, gone, one_segment, segment_write, wait_for, wrong
from test_auditor import GID, a_service, as_auditor, groups_with

PERIOD = 5
POLICY = {("policy", "checkpoint_seconds"): "1", ("policy", "stamp_seconds"): str(PERIOD)}


# ---- what there is ----

def rows(directory, file="db/paraph.db"):
    """[(size, text of the checkpoint, token or None)]"""
    with contextlib.closing(sqlite3.connect(f"file:{directory}/{file}?mode=ro", uri=True)) as db:
        origin = json.loads(db.execute("SELECT leaf FROM audit_leaf WHERE n = 0").fetchone()[0])["origin"]
        return [(size, text_of(origin, size, root, at), token)
                for size, root, at, token in db.execute("SELECT size, root, at, token FROM checkpoint ORDER BY size")]


def text_of(origin, size, root, at):
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000000)) + f".{at % 1000000:06}Z"
    return f"paraph-checkpoint-v1\n{origin}\n{size}\n{base64.b64encode(root).decode()}\n{when}\n".encode()


def stamped(directory, **kwargs):
    return [row for row in rows(directory, **kwargs) if row[2] is not None]


def verify(service, directory=None, *more, file=None):
    r = service.paraph("audit", "verify", "--json", *more, directory or service.dir, check=False)
    told = json.loads(r.stdout)
    assert r.returncode == (0 if told["agrees"] else 1)
    return told


def first(told):
    """The one finding about time-stamps; that there is no other of any kind."""
    assert not told["agrees"] and [f["rule"] for f in told["findings"]] == ["time-stamp"], told
    return told["findings"][0]["detail"]


def put(directory, size, token, file="db/paraph.db"):
    with contextlib.closing(sqlite3.connect(directory / file)) as db, db:
        assert db.execute("UPDATE checkpoint SET token = ? WHERE size = ?", (token, size)).rowcount == 1


def openssl(*args, **kwargs):
    return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, **kwargs)


def query(text, folder, *more):
    path = folder / "query.tsq"
    path.write_bytes(openssl("ts", "-query", "-digest", hashlib.sha256(text).hexdigest(), "-sha256", *more).stdout)
    return path


@pytest.fixture(scope="module")
def ended_service(prefix):
    """Three tokens and more, and behind the last at least one checkpoint without; ended."""
    s = service_module.Service(prefix, conf=POLICY)
    s.start()
    wait_for(lambda: len(stamped(s.dir)) >= 4, 60)
    # A token of our own unit over the text of an old checkpoint: right in all but its time.
    s.late = rows(s.dir)[0] if rows(s.dir)[0][2] else stamped(s.dir)[0]
    octets = query(s.late[1], s.place, "-cert").read_bytes()
    s.late_response = s.plain("/tsa", "POST", octets, {"Content-Type": "application/timestamp-query"})[1]
    n = len(rows(s.dir))
    wait_for(lambda: len(rows(s.dir)) > n)
    wait_for(lambda: rows(s.dir)[-1][2] is None)
    s.kill()
    s.stop()
    yield s
    s.remove()


@pytest.fixture
def copy(ended_service):
    place = ended_service.place / "copy"
    subprocess.run(["cp", "-a", ended_service.dir, place], check=True)
    yield place
    shutil.rmtree(place)


# ---- untouched ----

def test_untouched_all_tokens_are_good_and_the_rest_is_counted(ended_service, copy):
    told = verify(ended_service, copy)
    assert told["agrees"], told
    all_rows, tokens = rows(copy), stamped(copy)
    assert told["compared"]["time-stamps on checkpoints"] == len(tokens) >= 4
    newer = [size for size, _, _ in all_rows if size > tokens[-1][0]]
    assert told["compared"]["checkpoints newer than the last time-stamp"] == len(newer) >= 1


def test_openssl_accepts_the_same_tokens(ended_service, copy, tmp_path):
    """So it is the text of the checkpoint that is stamped, and the root that stands behind it."""
    for _, text, token in stamped(copy):
        (tmp_path / "token").write_bytes(token)
        openssl("ts", "-verify", "-in", tmp_path / "token", "-token_in", "-digest", hashlib.sha256(text).hexdigest(), "-CAfile", copy / "public/root.pem")


# ---- forged ----

def test_each_flipped_octet_is_found(ended_service, copy):
    size, _, token = stamped(copy)[1]
    texts = set()
    places = sorted({0, 1, len(token) - 1, *range(7, len(token), max(1, len(token) // 60))})
    for at in places:
        put(copy, size, token[:at] + bytes([token[at] ^ 1]) + token[at + 1:])
        text = first(verify(ended_service, copy))
        assert text.startswith(f"the one on the checkpoint of {size} leaves is wrong: "), (at, text)
        texts.add(text)
    assert len(places) > 50 and len(texts) > 3, texts
    put(copy, size, token)
    assert verify(ended_service, copy)["agrees"]


def test_two_exchanged_tokens_are_found_and_the_first_is_named(ended_service, copy):
    (a, _, token_a), (b, _, token_b) = stamped(copy)[1:3]
    put(copy, a, token_b)
    put(copy, b, token_a)
    text = first(verify(ended_service, copy))
    assert text.startswith(f"the one on the checkpoint of {a} leaves is wrong: ") and "other data" in text and text.endswith("(and 1 more)"), text


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_dropped_token_is_missed(ended_service, copy, which):
    size, _, _ = stamped(copy)[which]
    put(copy, size, None)
    assert first(verify(ended_service, copy)).startswith(f"the one on the checkpoint of {size} leaves is missing: leaf ")


def test_all_tokens_dropped(ended_service, copy):
    tokens = stamped(copy)
    for size, _, _ in tokens:
        put(copy, size, None)
    text = first(verify(ended_service, copy))
    assert text.startswith(f"the one on the checkpoint of {tokens[0][0]} leaves is missing") and "more)" in text, text


def test_a_checkpoint_dropped_with_its_token(ended_service, copy):
    size, _, _ = stamped(copy)[1]
    with contextlib.closing(sqlite3.connect(copy / "db/paraph.db")) as db, db:
        db.execute("DELETE FROM checkpoint WHERE size = ?", (size,))
    text = first(verify(ended_service, copy))
    assert f"on a checkpoint of {size} leaves, which is not there" in text, text


def test_a_token_that_came_later_is_out_of_order(ended_service, copy, tmp_path):
    """By our own unit, over the right text, in its journal: only its time tells."""
    size, text, _ = ended_service.late
    (tmp_path / "response").write_bytes(ended_service.late_response)
    openssl("ts", "-reply", "-in", tmp_path / "response", "-token_out", "-out", tmp_path / "token")
    openssl("ts", "-verify", "-in", tmp_path / "token", "-token_in", "-digest", hashlib.sha256(text).hexdigest(), "-CAfile", copy / "public/root.pem")
    put(copy, size, (tmp_path / "token").read_bytes())
    told = first(verify(ended_service, copy))
    assert f"the checkpoint of {size} leaves is wrong: out of order: it is of " in told, told


def test_a_token_that_the_log_does_not_tell_of(ended_service, copy, tmp_path):
    """A good one, put on a checkpoint that had none, would be a second opinion that nobody asked for."""
    bare = next(size for size, _, token in rows(copy) if token is None)
    put(copy, bare, stamped(copy)[0][2])
    assert f"the checkpoint of {bare} leaves is wrong: " in first(verify(ended_service, copy))


FOREIGN = """
[ tsa ]
default_tsa = one
[ one ]
serial = {0}/serial
crypto_device = builtin
signer_cert = {0}/unit.pem
certs = {0}/root.pem
signer_key = {0}/unit.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def foreign(folder, text):
    """A time-stamp authority of its own, which stamps this."""
    (folder / "tsa.cnf").write_text(FOREIGN.format(folder))
    (folder / "serial").write_text("01\n")
    (folder / "ext").write_text("extendedKeyUsage = critical, timeStamping\nkeyUsage = critical, digitalSignature\nbasicConstraints = critical, CA:FALSE\n")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(*new, "-x509", "-keyout", folder / "root.key", "-out", folder / "root.pem", "-subj", "/CN=Foreign root", "-days", "9")
    openssl(*new, "-keyout", folder / "unit.key", "-out", folder / "unit.csr", "-subj", "/CN=Foreign unit")
    openssl("x509", "-req", "-in", folder / "unit.csr", "-CA", folder / "root.pem", "-CAkey", folder / "root.key", "-CAcreateserial", "-days", "8",
            "-extfile", folder / "ext", "-out", folder / "unit.pem")
    openssl("ts", "-reply", "-config", folder / "tsa.cnf", "-queryfile", query(text, folder, "-cert"), "-token_out", "-out", folder / "token")
    openssl("ts", "-verify", "-in", folder / "token", "-token_in", "-digest", hashlib.sha256(text).hexdigest(), "-CAfile", folder / "root.pem")
    return (folder / "token").read_bytes()


def test_a_token_by_a_foreign_unit(ended_service, copy, tmp_path):
    size, text, _ = stamped(copy)[1]
    put(copy, size, foreign(tmp_path, text))
    told = first(verify(ended_service, copy))
    assert told.startswith(f"the one on the checkpoint of {size} leaves is wrong: ") and "issuer" in told, told
    # Nor does it help to trust it, as the auditor may say what he trusts: then ours are foreign.
    told = first(verify(ended_service, copy, "--trust", tmp_path / "root.pem"))
    assert told.startswith(f"the one on the checkpoint of {stamped(copy)[0][0]} leaves is wrong: ") and "more)" in told, told
    put(copy, size, stamped(ended_service.dir)[1][2])
    assert verify(ended_service, copy, "--trust", ended_service.dir / "public/root.pem")["agrees"]


def test_without_a_root_nothing_is_verified(ended_service, copy):
    (copy / "public/root.pem").unlink()
    r = ended_service.paraph("audit", "verify", copy, check=False)
    assert r.returncode == 66 and "root.pem" in r.stderr
    assert verify(ended_service, copy, "--trust", ended_service.dir / "public/root.pem")["agrees"]


def test_a_token_that_the_unit_did_not_journal(ended_service, copy):
    """As one that somebody signed with a stolen key of the unit, beside its process."""
    folder = copy / "keys/status/journal"
    name, head, records = one_segment(copy)
    size, _, token = stamped(copy)[1]
    mine = [i for i, r in enumerate(records) if r[4] == 41 and hashlib.sha256(rows_text(copy, size)).digest() in r]
    assert len(mine) >= 1
    for i in reversed(mine):
        records = dropped(records, i)
    segment_write(folder, name, head, records)
    told = verify(ended_service, copy)
    assert wrong(told, "time-stamp") == [f"the one on the checkpoint of {size} leaves is not in the journal of keys/status"], told


def rows_text(directory, size):
    return next(text for n, text, _ in rows(directory) if n == size)


# ---- due, and not made ----

@contextlib.contextmanager
def no_unit(s):
    """No status process: core goes on and nobody stamps."""
    file = s.prefix / "libexec/paraph/paraph-status"
    file.rename(file.with_suffix(".away"))
    try:
        ended(s, "paraph-status")
        yield
    finally:
        file.with_suffix(".away").rename(file)


def test_one_that_is_due_is_missed_and_a_rest_owes_none(own_service):
    s = own_service(conf=POLICY)
    s.start()
    wait_for(lambda: stamped(s.dir), 30)
    with no_unit(s):
        with gone(s, "paraph-core"):
            time.sleep(2 * PERIOD + 2)
        # The rest was longer than two periods, and the first checkpoints after it have no token: nothing was due.
        n = len(rows(s.dir))
        wait_for(lambda: len(rows(s.dir)) > n, 30)
        assert rows(s.dir)[-1][2] is None and verify(s)["agrees"]
    n = len(stamped(s.dir))
    wait_for(lambda: len(stamped(s.dir)) > n, 60)
    at = time.monotonic()
    with no_unit(s):
        size = rows(s.dir)[-1][0]
        time.sleep(PERIOD)
        # Nothing is due yet; on a busy machine the question itself may have come too late to say so.
        assert verify(s)["agrees"] or time.monotonic() - at > 1.5 * PERIOD
        time.sleep(PERIOD * 2)
        text = wait_for(lambda: (w := wrong(verify(s), "time-stamp")) and w[0], 20)
        assert text.startswith("missing though due: at the checkpoint of ") and f"promised each {PERIOD}" in text, text
        assert int(text.split("checkpoint of ")[1].split()[0]) > size
    n = len(stamped(s.dir))
    wait_for(lambda: len(stamped(s.dir)) > n, 60)
    assert wrong(verify(s), "time-stamp") == [text]  # it stays true


# ---- the auditor's copy ----

@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives rights to a group")
def test_the_auditor_sees_the_same_in_his_copy(prefix):
    with a_service(prefix, groups_with(f"paraph-audit:x:{GID}:\n"), more=POLICY) as s:
        s.start()
        # The second is put on a checkpoint that the copy had already without.
        wait_for(lambda: len(stamped(s.dir)) >= 3, 60)
        wait_for(lambda: stamped(s.dir, file="audit/paraph.db") == stamped(s.dir) != [], 20)
        s.stop()
        told = auditor(s)
        tokens = stamped(s.dir, file="audit/paraph.db")
        assert told["agrees"] and told["compared"]["time-stamps on checkpoints"] == len(tokens) >= 3, told
        size, _, token = tokens[1]
        put(s.dir, size, token[:-3] + bytes([token[-3] ^ 1]) + token[-2:], "audit/paraph.db")
        assert first(auditor(s)).startswith(f"the one on the checkpoint of {size} leaves is wrong: ")
        put(s.dir, size, None, "audit/paraph.db")
        assert first(auditor(s)).startswith(f"the one on the checkpoint of {size} leaves is missing: leaf ")


def auditor(s):
    r = as_auditor(s.prefix / "bin/paraph", "audit", "verify", "--json", s.dir)
    assert r.stdout, r.stderr
    return json.loads(r.stdout)

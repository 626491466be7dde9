"""The journals of the key processes are anchored in the audit log by their Merkle roots, and `paraph audit verify` compares the two.

The journals are forged here by one who knows their format and rewrites the whole hash chain: what still betrays him is the log.
"""
import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import time

import pytest

import service as service_module

PERIOD = 1
STATUS = "keys/status/journal"


# ---- the journal, by src/keys/README.md and nothing else ----

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def segments_read(folder):
    """[(name, head with its MAC, [octets of a record without its chain value])]"""
    found = []
    for path in sorted(folder.glob("*.seg")):
        octets = path.read_bytes()
        subtrees, snapshot = struct.unpack(">II", octets[72:80])
        at = 80 + 32 * subtrees + snapshot + 32
        head, records = octets[:at], []
        while at < len(octets):
            n = struct.unpack(">I", octets[at:at + 4])[0]
            records.append(octets[at:at + 16 + n])
            at += 16 + n + 32
        found.append((path.name, head, records))
    return found


def records_of(folder):
    return [record for _, _, records in segments_read(folder) for record in records]


def segment_write(folder, name, head, records):
    """With a hash chain in which everything fits."""
    chain, out = sha256(head), [head]
    for record in records:
        chain = sha256(chain, record)
        out += [record, chain]
    (folder / name).write_bytes(b"".join(out))


def root_of(leaves):
    """[RFC 6962 2.1]"""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return sha256(b"\0", leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1", root_of(leaves[:k]), root_of(leaves[k:]))


# ---- the log ----

def database(directory):
    return sqlite3.connect(f"file:{directory}/db/paraph.db?mode=ro", uri=True)


def roots_of(directory, journal="status"):
    """[(size, root)] in the order of the log."""
    with contextlib.closing(database(directory)) as db:
        leaves = [json.loads(leaf) for (leaf,) in db.execute("SELECT leaf FROM audit_leaf ORDER BY n")]
    return [(leaf["size"], leaf["root"]) for leaf in leaves if leaf["event"] == "journal.root" and leaf["journal"] == journal]


def wait_for(what, seconds=15):
    until = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
    return value


def anchored(service, seconds=15):
    """Waits until a root covers all that stands in the journal now."""
    size = len(records_of(service.dir / STATUS))
    return wait_for(lambda: [r for r in roots_of(service.dir) if r[0] >= size], seconds)[0]


def verify(service, directory=None):
    r = service.paraph("audit", "verify", "--json", directory or service.dir, check=False)
    told = json.loads(r.stdout)
    assert r.returncode == (0 if told["agrees"] else 1)
    return told


def settled(service):
    """What is told once nothing waits for its root. (core itself has a checkpoint stamped, at its start and each hour.)"""
    told = wait_for(lambda: verify(service)["compared"]["records of keys/status not anchored yet"] == 0 and verify(service))
    assert told["agrees"], told
    return told


def wrong(told, rule):
    return [f["detail"] for f in told["findings"] if f["rule"] == rule]


def stamp(service, n=1):
    for _ in range(n):
        query = subprocess.run(["openssl", "ts", "-query", "-digest", os.urandom(32).hex(), "-sha256", "-cert"], check=True, capture_output=True).stdout
        status, octets, _ = service.plain("/tsa", "POST", query, {"Content-Type": "application/timestamp-query"})
        assert status == 200 and len(octets) > 500


def ended(service, program):
    for pid in service.pids(program):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def gone(service, program):
    """The program is killed and cannot be started anew: its file is not there."""
    file = service.prefix / "libexec/paraph" / program
    file.rename(file.with_suffix(".away"))
    try:
        ended(service, program)
        yield
    finally:
        file.with_suffix(".away").rename(file)


@pytest.fixture(scope="module")
def running(prefix):
    s = service_module.Service(prefix, conf={("policy", "checkpoint_seconds"): str(PERIOD)})
    s.start()
    yield s
    s.kill()
    s.remove()


# ---- roots arrive ----

def test_a_root_arrives_within_the_period(running):
    before = anchored(running)
    stamp(running, 3)
    size = len(records_of(running.dir / STATUS))
    assert size >= before[0] + 3
    started = time.monotonic()
    anchored(running)
    assert time.monotonic() - started < PERIOD + 2.5  # housekeeping looks each second
    records = records_of(running.dir / STATUS)
    for n, root in roots_of(running.dir):
        assert root == root_of(records[:n]).hex()
    assert settled(running)["compared"]["roots of the journals of keys"] >= 4


def test_nothing_is_logged_of_a_journal_that_rests(running):
    anchored(running)
    roots, issuing = len(roots_of(running.dir)), len(roots_of(running.dir, "issuing"))
    wait_for(lambda: len(roots_of(running.dir, "issuing")) >= issuing + 3)
    assert len(roots_of(running.dir)) == roots


def test_keys_status_goes_on_after_its_end(running):
    stamp(running)
    size, _ = anchored(running)
    ended(running, "paraph-keys")  # both roles
    wait_for(lambda: len(running.pids("paraph-keys")) == 2)
    wait_for(lambda: running.plain("/tsa", "POST", b"0", {"Content-Type": "application/timestamp-query"})[0] == 200)
    wait_for(lambda: retried(lambda: stamp(running)))
    later, root = anchored(running)
    assert later > size and root == root_of(records_of(running.dir / STATUS)[:later]).hex()
    told = verify(running)
    assert told["agrees"], told


def retried(what):
    try:
        what()
        return True
    except AssertionError:
        return False


def test_what_came_while_core_was_down_is_anchored_when_it_is_back(running):
    anchored(running)
    roots = len(roots_of(running.dir))
    with gone(running, "paraph-core"):
        stamp(running, 2)
        time.sleep(PERIOD * 3)
        assert len(roots_of(running.dir)) == roots
        told = verify(running)
        assert told["agrees"] and told["compared"]["records of keys/status not anchored yet"] >= 2, told
    anchored(running, 30)
    settled(running)


def test_roots_that_are_kept_back_are_missed(running):
    """core goes on and no status process passes a root on: after ten roots of the other journal the auditor says so."""
    anchored(running)
    file = running.prefix / "libexec/paraph/paraph-status"
    file.rename(file.with_suffix(".away"))
    try:
        core, = running.pids("paraph-core")
        os.kill(core, signal.SIGSTOP)  # so that no root comes between the stamp and the end of status
        stamp(running)
        ended(running, "paraph-status")
        os.kill(core, signal.SIGCONT)
        issuing = len(roots_of(running.dir, "issuing"))
        wait_for(lambda: len(roots_of(running.dir, "issuing")) >= issuing + 3, 30)
        assert verify(running)["agrees"]  # a short while is no disagreement
        wait_for(lambda: len(roots_of(running.dir, "issuing")) >= issuing + 11, 60)
        told = verify(running)
        assert len(wrong(told, "root")) == 1 and "keys/status: 1 records since" in wrong(told, "root")[0], told
    finally:
        file.with_suffix(".away").rename(file)
    anchored(running, 30)
    assert verify(running)["agrees"]


# ---- forged journals ----

@pytest.fixture(scope="module")
def ended_service(prefix, tmp_path_factory):
    """A service that was stopped, with a signed document, at least two roots and, after the last of them, two records that no root covers."""
    s = service_module.Service(prefix, conf={("policy", "checkpoint_seconds"): str(PERIOD)})
    s.start()
    service_module.Journey(s).whole()
    for _ in range(2):
        stamp(s, 3)
        anchored(s)
    ended_core(s)
    stamp(s, 2)
    s.kill()
    s.stop()
    yield s
    s.remove()


def ended_core(s):
    with_away = s.prefix / "libexec/paraph/paraph-core"
    with_away.rename(with_away.with_suffix(".away"))
    ended(s, "paraph-core")


@pytest.fixture
def copy(ended_service):
    """A copy of the instance to forge, its journal of keys:status, and the sizes that roots cover."""
    place = ended_service.place / "copy"
    subprocess.run(["cp", "-a", ended_service.dir, place], check=True)
    yield place
    shutil.rmtree(place)


def sizes(directory):
    return [size for size, _ in roots_of(directory)]


def one_segment(directory):
    (name, head, records), = segments_read(directory / STATUS)
    return name, head, records


def test_untouched_it_agrees(ended_service, copy):
    told = verify(ended_service, copy)
    assert told["agrees"], told
    assert told["compared"]["records of keys/status not anchored yet"] == 2


def test_one_flipped_octet_is_found_and_named(ended_service, copy):
    name, head, records = one_segment(copy)
    victim = sizes(copy)[0] - 1
    at = len(head) + sum(len(r) + 32 for r in records[:victim]) + 20
    octets = bytearray((copy / STATUS / name).read_bytes())
    octets[at] ^= 1
    (copy / STATUS / name).write_bytes(octets)
    told = verify(ended_service, copy)
    assert not told["agrees"]
    assert [f"(record {victim})" in w and "keys/status/00000001.seg" in w for w in wrong(told, "journal")] == [True], told
    assert [f"record {victim} and later ones" in w and w.startswith("keys/status: ") for w in wrong(told, "root")] == [True], told


def changed(records, i):
    return records[:i] + [records[i][:-1] + bytes([records[i][-1] ^ 1])] + records[i + 1:]


def dropped(records, i):
    return records[:i] + records[i + 1:]


def put_in(records, i):
    return records[:i] + [records[i]] + records[i:]


@pytest.mark.parametrize("forge", [changed, dropped, put_in])
def test_a_forged_chain_is_betrayed_by_the_roots(ended_service, copy, forge):
    name, head, records = one_segment(copy)
    first, last = min(sizes(copy)), max(sizes(copy))
    assert first < last
    victim = first + 1
    segment_write(copy / STATUS, name, head, forge(records, victim))
    told = verify(ended_service, copy)
    assert not told["agrees"] and not wrong(told, "journal"), told
    text = wrong(told, "root")[0]
    low, high = (int(word) for word in text.split("a record from ")[1].split(" was")[0].split(" to "))
    assert text.startswith("keys/status: ") and low <= victim <= high < last, told


def test_a_dropped_end_is_found(ended_service, copy):
    """As a backup of the folder would bring it back: whole, and too old."""
    name, head, records = one_segment(copy)
    last = max(sizes(copy))
    segment_write(copy / STATUS, name, head, records[:last - 1])
    told = verify(ended_service, copy)
    assert [f"record {last - 1} and later ones" in w for w in wrong(told, "root")] == [True], told


def test_after_the_last_root_it_says_how_many_are_not_anchored(ended_service, copy):
    """The limit of it: nothing betrays a forger of what no root covers, so the number of those is told."""
    name, head, records = one_segment(copy)
    last = max(sizes(copy))
    segment_write(copy / STATUS, name, head, dropped(records, last))
    told = verify(ended_service, copy)
    assert told["agrees"] and told["compared"]["records of keys/status not anchored yet"] == 1, told


def test_the_roots_of_keys_issuing_count_too(ended_service, copy):
    folder = copy / "keys/issuing/journal"
    (name, head, records), = segments_read(folder)
    segment_write(folder, name, head, changed(records, 1))
    told = verify(ended_service, copy)
    assert [w.startswith("keys/issuing: ") for w in wrong(told, "root")] == [True], told


# ---- a database that cannot be read, or lacks rows ----

TABLES = ("audit_leaf", "audit_node", "checkpoint", "intent", "certificate", "revision", "proof")


@pytest.mark.parametrize("table", TABLES)
def test_a_page_that_cannot_be_read_is_no_end_of_the_table(ended_service, copy, table):
    with contextlib.closing(sqlite3.connect(copy / "db/paraph.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size, = db.execute("PRAGMA page_size").fetchone()
        page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).fetchone()
    with open(copy / "db/paraph.db", "r+b") as f:
        f.seek((page - 1) * size)
        f.write(b"\xff" * size)
    r = ended_service.paraph("audit", "verify", copy, check=False)
    assert r.returncode == 66 and r.stdout == "" and "malformed" in r.stderr, r


@pytest.mark.parametrize("table, event", [("intent", "intent.committed"), ("certificate", "certificate.issued"),
                                          ("revision", "signature.result"), ("proof", "signature.released")])
def test_a_row_that_is_gone_is_missed(ended_service, copy, table, event):
    """With its file, so that nothing is left that is not in the log."""
    with contextlib.closing(sqlite3.connect(copy / "db/paraph.db")) as db, db:
        if table in ("revision", "proof"):
            for (blob,) in db.execute(f"SELECT blob FROM {table}").fetchall():
                (copy / "blobs" / blob).unlink()
        assert db.execute(f"DELETE FROM {table}").rowcount == 1
    told = verify(ended_service, copy)
    assert [w.startswith(f"the audit log tells of {event} ") for w in wrong(told, "row")] == [True], told
    if table in ("revision", "proof"):
        assert told["disagreements"] == 1, told


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_result_that_nobody_got_is_no_good_one(ended_service, copy, more):
    with open("/dev/full", "w") as full:
        r = subprocess.run([ended_service.prefix / "bin/paraph", "audit", "verify", *more, copy], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert r.returncode == 1 and "standard output: No space left" in r.stderr, r

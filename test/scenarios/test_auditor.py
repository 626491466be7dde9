"""An auditor whose only right is the group paraph-audit verifies a service that runs as several users, and can read nothing else.

The group exists in a mount namespace of the service alone: nothing of the machine is changed. A bare root that was entered by
chroot has no mount of its own and so no such namespace; there /etc/group itself is changed, and put back at the end.
"""
import contextlib
import grp
import json
import os
import pathlib
import sqlite3
import stat
import subprocess
import tempfile
import time

import pytest

import service as service_module
from service import Journey

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives rights to a group")

GID, NOBODY = 64999, 65534
GROUPS = pathlib.Path("/etc/group")
NAMESPACES = subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
JOURNALS = ("keys/root/journal", "keys/issuing/journal", "keys/status/journal")
# What everybody may read anyway.
PUBLIC = {"paraph.conf", *(f"public/{name}" for name in ("tls.crt", "root.crl", *(f"{ca}.{end}" for ca in ("root", "issuing", "tsu", "seal") for end in ("pem", "cer"))))}
COPY = {
    "audit_leaf": ["n", "at", "leaf"],
    "audit_node": ["level", "n", "hash"],
    "checkpoint": ["size", "root", "at", "signature", "token"],
    "intent": ["n", "id", "serial", "state"],
    "certificate": ["n", "intent", "serial", "der"],
    "revocation": ["n", "serial"],
    "revision": ["n", "intent", "blob", "sha256"],
    "proof": ["n", "blob", "sha256"],
}


def wrapped(folder, groups):
    """The words before a command that sees these groups only."""
    file = folder / "group"
    file.write_text(groups)
    file.chmod(0o644)
    if NAMESPACES:
        return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/group && exec "$@"', str(file)]
    return ["sh", "-c", 'cat "$0" >/etc/group && exec "$@"', str(file)]


@pytest.fixture(scope="module", autouse=True)
def groups_as_before():
    before = GROUPS.read_bytes()
    yield
    if GROUPS.read_bytes() != before:
        GROUPS.write_bytes(before)


def groups_with(*more):
    lines = [f"{g.gr_name}:x:{g.gr_gid}:\n" for g in grp.getgrall() if g.gr_name != "paraph-audit"]
    return "".join([*lines, *more])


@contextlib.contextmanager
def a_service(prefix, groups, more=None):
    with tempfile.TemporaryDirectory() as folder:
        s = service_module.Service(prefix, conf={("policy", "checkpoint_seconds"): "1", **(more or {})}, wrap=wrapped(pathlib.Path(folder), groups))
        try:
            yield s
        finally:
            s.kill()
            s.remove()


@pytest.fixture(scope="module")
def open_service(prefix):
    """With the group, and with one document signed."""
    with a_service(prefix, groups_with(f"paraph-audit:x:{GID}:\n")) as s:
        s.start()
        s.signer = Journey(s)
        s.signer.whole()
        caught_up(s)
        yield s


def leaves(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM audit_leaf").fetchone()[0]


def caught_up(service):
    """Waits until the copy holds all that is in the log now."""
    wanted, until = leaves(service.dir / "db/paraph.db"), time.monotonic() + 20
    while not (service.dir / "audit/paraph.db").is_file() or leaves(service.dir / "audit/paraph.db") < wanted:
        assert time.monotonic() < until, "the copy does not grow\n" + service.logs()
        time.sleep(0.1)


def as_auditor(*command, groups=GID, **kwargs):
    return subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={groups}", "--clear-groups", *map(str, command)], capture_output=True,
                          text=True, timeout=60, **kwargs)


def verify(service, groups=GID):
    r = as_auditor(service.prefix / "bin/paraph", "audit", "verify", "--json", service.dir, groups=groups)
    return r.returncode, json.loads(r.stdout) if r.stdout else r.stderr


def mode(path):
    st = path.stat()
    return stat.S_IMODE(st.st_mode), st.st_gid


def modes_state(service):
    told = json.loads(service.paraph("doctor", "--json", service.dir, check=False).stdout)
    return [(c["state"], c["detail"]) for c in told["checks"] if c["check"] == "modes"][0]


def test_the_group_is_enough_to_verify(open_service):
    status, told = verify(open_service)
    assert status == 0 and told["agrees"], told
    for what in ("leaves of the audit log", "signed checkpoints", "intents", "certificates", "signed documents", "proofs", "roots of the journals of keys"):
        assert told["compared"][what] > 0, what
    # It says what it did not look at.
    assert any("core's copy" in note for note in told["notes"]) and any("2 signed documents and proofs were not read" in note for note in told["notes"]), told


def test_without_the_group_nothing_is_verified(open_service):
    status, told = verify(open_service, NOBODY)
    assert status == 66, told


def test_root_reads_all(open_service):
    told = json.loads(open_service.paraph("audit", "verify", "--json", open_service.dir).stdout)
    assert told["agrees"] and told["notes"] == [], told


def can(service, act):
    """Names of files below the instance with which the auditor can do this, tried by himself."""
    paths = [p for p in service.dir.rglob("*") if p.is_file() and not p.name.endswith("-journal")]
    assert len(paths) > 40
    r = as_auditor("sh", "-c", f'while IFS= read -r p; do if ( {act} ) 2>/dev/null; then echo "$p"; fi; done', input="\n".join(map(str, paths)) + "\n")
    return {str(pathlib.Path(line).relative_to(service.dir)) for line in r.stdout.splitlines()}


def test_he_reads_journals_and_copy_and_nothing_else(open_service):
    segments = {f"{journal}/{p.name}" for journal in JOURNALS for p in (open_service.dir / journal).glob("*.seg")}
    assert len(segments) == 3
    readable = can(open_service, 'head -c 1 "$p" >/dev/null')
    assert readable == segments | {"audit/paraph.db"} | PUBLIC
    for secret in ("keys/issuing/keystore", "keys/issuing/passphrase", "keys/status/keystore", "front/tls.key", "admin/sender.key", "db/paraph.db"):
        assert (open_service.dir / secret).is_file() and secret not in readable


def test_he_writes_nothing(open_service):
    assert can(open_service, ': >> "$p"') == set()
    folders = [p for p in [open_service.dir, *open_service.dir.rglob("*")] if p.is_dir()]
    r = as_auditor("sh", "-c", 'while IFS= read -r p; do if [ -w "$p" ]; then echo "$p"; fi; done', input="\n".join(map(str, folders)) + "\n")
    assert r.stdout == "" and len(folders) > 15


def test_the_copy_holds_no_more_than_is_compared(open_service):
    with contextlib.closing(sqlite3.connect(f"file:{open_service.dir}/audit/paraph.db?mode=ro", uri=True)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        assert {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")] for name in tables} == COPY
    for path in [open_service.dir / "audit/paraph.db", *(p for j in JOURNALS for p in (open_service.dir / j).iterdir())]:
        assert open_service.signer.email.encode() not in path.read_bytes(), path


def rows(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return {table: db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2").fetchall() for table, columns in COPY.items()}


def same(service):
    """Waits until copy and database hold the same: the log grows meanwhile."""
    until = time.monotonic() + 20
    while (copied := rows(service.dir / "audit/paraph.db")) != (wanted := rows(service.dir / "db/paraph.db")):
        assert time.monotonic() < until, {t: (len(copied[t]), len(wanted[t])) for t in COPY}
        time.sleep(0.05)
    return copied


def test_the_copy_holds_all_that_is_compared(open_service):
    assert all(same(open_service)[table] for table in COPY if table != "revocation")
    with contextlib.closing(sqlite3.connect(open_service.dir / "audit/paraph.db", timeout=10)) as db:  # as if it was copied meanwhile
        with db:
            assert db.execute("UPDATE intent SET state = 'open'").rowcount > 0
    assert {state for _, _, _, state in same(open_service)["intent"]} != {"open"}


def test_a_copy_that_went_another_way_is_not_mixed(open_service):
    """As after a restore of the database: the copy knows a leaf that the log does not."""
    file = open_service.dir / "audit/paraph.db"
    with contextlib.closing(sqlite3.connect(file, timeout=10)) as db:
        with db:
            db.execute("INSERT INTO audit_leaf SELECT max(n) + 1000, at, leaf FROM audit_leaf")
        before = leaves(file)
        Journey(open_service).whole()
        time.sleep(2.5)
        assert leaves(file) == before and "audit-copy" in open_service.logs()
        with db:
            db.execute("DELETE FROM audit_leaf WHERE n = (SELECT max(n) FROM audit_leaf)")
    caught_up(open_service)


def test_a_new_segment_is_the_groups_too(open_service):
    """As keys makes one: in the folder, with its umask."""
    for journal in JOURNALS:
        folder = open_service.dir / journal
        assert mode(folder) == (0o2750, GID)
        uid = folder.stat().st_uid
        subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sh", "-c",
                        f"umask 077; : > {folder}/x.new && chmod 640 {folder}/x.new"], check=True)
        assert mode(folder / "x.new") == (0o640, GID)
        (folder / "x.new").unlink()


@pytest.mark.parametrize("path, wrong", [("keys/issuing", 0o750), ("keys/issuing", 0o700), ("keys/status/journal", 0o2770), ("keys/status/journal", 0o750),
                                         ("audit", 0o2755), ("keys/issuing/keystore", 0o640), ("front/tls.key", 0o440), ("db/paraph.db", 0o640)])
def test_doctor_sees_other_modes(open_service, path, wrong):
    assert modes_state(open_service)[0] == "ok"
    file = open_service.dir / path
    was = stat.S_IMODE(file.stat().st_mode)
    file.chmod(wrong)
    try:
        state, detail = modes_state(open_service)
        assert state == "failed" and path in detail
    finally:
        file.chmod(was)
    assert modes_state(open_service)[0] == "ok"


def test_doctor_sees_another_group(open_service):
    folder = open_service.dir / "keys/status/journal"
    os.chown(folder, -1, 12345)
    try:
        assert modes_state(open_service)[0] == "failed"
    finally:
        os.chown(folder, -1, GID)
        folder.chmod(0o2750)


def test_a_reader_who_never_ends_holds_nobody_up(open_service):
    """He may lock the copy, and then it does not grow; the service goes on."""
    file = open_service.dir / "audit/paraph.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM audit_leaf").fetchone()
        before = leaves(file)
        slowest = 0
        for _ in range(4):  # invitations are sent by the thread that writes the copy
            started = time.monotonic()
            Journey(open_service).whole()
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.5)
        assert leaves(file) == before < leaves(open_service.dir / "db/paraph.db")
        assert slowest < 4
    caught_up(open_service)


def test_the_copy_follows_and_a_forged_journal_is_found(open_service):
    """Last in this file: it ends the service."""
    Journey(open_service).whole()
    caught_up(open_service)
    open_service.stop()
    status, told = verify(open_service)
    assert status == 0 and told["compared"]["certificates"] >= 2, told
    segment = open_service.dir / "keys/status/journal/00000001.seg"
    octets = bytearray(segment.read_bytes())
    octets[len(octets) // 2] ^= 1
    segment.write_bytes(octets)
    status, told = verify(open_service)
    assert status == 1 and any("keys/status" in f["detail"] for f in told["findings"]), told


def test_without_the_group_all_stays_closed(prefix):
    with a_service(prefix, groups_with()) as s:
        s.start()
        assert not (s.dir / "audit").exists()
        for role in ("root", "issuing", "status"):
            assert mode(s.dir / "keys" / role)[0] == 0o700
        assert modes_state(s)[0] == "ok"
        s.paraph("audit", "verify", s.dir)
        # The group comes later: the next start opens what was there before.
        s.stop()
        # What a key process could leave there to have something else opened.
        traps = [s.dir / JOURNALS[2] / f"{n}.seg" for n in ("soft", "hard")]
        prey = [s.dir / "keys/status" / n for n in ("passphrase", "keystore")]
        was = [mode(p) for p in prey]
        traps[0].symlink_to(prey[0])
        os.link(prey[1], traps[1])
        s.wrap = wrapped(s.place, groups_with(f"paraph-audit:x:{GID}:\n"))
        assert modes_state(s)[0] == "failed"
        s.start()
        assert [mode(p) for p in prey] == was
        for trap in traps:
            trap.unlink()
        assert modes_state(s)[0] == "ok"
        caught_up(s)
        status, told = verify(s)
        assert status == 0 and told["agrees"], told

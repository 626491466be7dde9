"""The kill table: kill -9 of the acting program at each named point of a signature.

After the restart the truth is told: the act ends as its row says, either signed, with a document that validates, or void, with
its certificate revoked (or never made); one intent has at most one certificate; every certificate is answered by OCSP; database,
journals and audit log agree; and the next signature works. A point that was not reached fails its test, and so does one of the
source that no table names.
"""
import pytest

import crash
import test_ceremony
import test_revocation
from service import Journey, Service

# What a signature passes from the moment its signer asks for it, by the program that acts, with what becomes of the act. Until
# keys has journaled its result nobody can finish it: void. From then on it is finished with the same octets, whoever dies. None
# has two endings: the only deadline is the certificate's life. "@": core passes the point once after its start too, for the log.
POINTS = {
    "KEYS": {"keys.pen.key": "void", "keys.pen.certificate": "void", "keys.pen.attributes": "void", "keys.pen.signature": "void",
             "keys.pen.result": "signed", "keys.pen.answer": "signed", "keys.document.result": "signed",
             "keys.seal.record": "signed", "keys.seal.answer": "signed"},
    # The stamps of the signature, of the document and of the seal.
    "KEYS_STATUS": {"keys.stamp.record@2": "signed", "keys.stamp.answer@3": "signed", "keys.stamp.record@4": "signed",
                    "keys.stamp.answer@4": "signed", "keys.ocsp.record": "signed", "keys.ocsp.answer": "signed"},
    # core.intent: keys was not asked yet.
    "CORE": {"core.intent": "void", "core.certificate": "signed", "core.publication": "signed", "core.token": "signed",
             "core.increment1": "signed", "core.increment2": "signed", "core.increment3": "signed", "core.checked": "signed",
             "core.result": "signed", "core.checkpoint@2": "signed", "core.release": "signed", "core.answer": "signed"},
}
# Several deaths on the way of one signature, each at the next start of its program: in the middle of a record, before anything of
# the signature was begun, and again while what the first left open is settled. With what becomes of the act.
CHAINS = [
    ({"KEYS": "keys.enrol.record,keys.activation.begun,keys.activation.answer"}, "signed"),
    ({"KEYS": "keys.code.sent,keys.code.tried,keys.code.proved"}, "signed"),
    ({"KEYS": "keys.activation.completed"}, "signed"),
    ({"KEYS": "keys.checkpoint.record@2,keys.checkpoint.answer"}, "signed"),
    ({"KEYS": "keys.torn.10,keys.torn.11,keys.torn.12"}, "signed"),
    ({"KEYS": "keys.torn.13,keys.torn.14,keys.torn.15"}, "signed"),
    ({"KEYS": "keys.torn.20"}, "void"),
    ({"KEYS": "keys.torn.21"}, "void"),
    ({"KEYS": "keys.torn.22,keys.torn.255"}, "void"),
    ({"KEYS": "keys.torn.23,keys.torn.30,keys.torn.31"}, "signed"),
    ({"KEYS": "keys.pen.attributes,keys.torn.24"}, "void"),
    ({"KEYS": "keys.pen.certificate,keys.intent.voided"}, "void"),
    ({"KEYS_STATUS": "keys.torn.41@2,keys.torn.40"}, "signed"),
    ({"CORE": "core.person,core.registration,core.upload.blob"}, "signed"),
    ({"CORE": "core.upload,core.request,core.message"}, "signed"),
    ({"CORE": "core.session,core.activation.begun,core.activation@2"}, "signed"),
    ({"CORE": "core.intent,core.void"}, "void"),
    ({"CORE": "core.certificate,core.increment1,core.checked"}, "signed"),
    ({"CORE": "core.publication,core.token,core.increment2"}, "signed"),
    ({"CORE": "core.increment3,core.result,core.checkpoint"}, "signed"),
    ({"CORE": "core.result,core.release", "KEYS": "keys.seal.record"}, "signed"),
    ({"CORE": "core.certificate", "KEYS": "keys.increment.dss"}, "signed"),
    ({"CORE": "core.certificate", "KEYS_STATUS": "keys.stamp.answer@2"}, "signed"),
    ({"KEYS": "keys.pen.result,keys.increment.signature,keys.increment.stamp"}, "signed"),
    ({"KEYS": "keys.pen.answered,keys.increment.answered"}, "signed"),
    ({"KEYS": "keys.increment.answered@2,keys.increment.answered@2"}, "signed"),
]
# The certificate of the OCSP signer, which is renewed, and what enters the log of both journals.
RENEWAL = [
    {"KEYS": "keys.torn.3,keys.certificate.record"},
    {"CORE": "core.responder.intent,core.responder.made,core.journal-root", "KEYS": "keys.certificate.answer"},
]
# Points that have their test elsewhere.
ELSEWHERE = {"keys.journal.segment": "test/unit/keys/journal_damage_test.c", "document-read": "test/unit/document/program_test.c",
             "core.root-crl": "test/scenarios/test_root_crl.py"}


@pytest.fixture(scope="module")
def instance(prefix):
    s = Service(prefix)
    yield s
    s.kill()
    s.remove()


def test_the_tables_name_every_point_of_the_source():
    tables = [POINTS, *(env for env, _ in CHAINS), *RENEWAL, test_revocation.POINTS, *test_ceremony.POINTS]
    listed = {point.split("@")[0] for table in tables for points in table.values()
              for point in (points.split(",") if isinstance(points, str) else points)}
    for point, place in ELSEWHERE.items():
        assert f'"{point}"' in (crash.TOP / place).read_text(), f"{place} does not name {point}"
    assert crash.points_of_the_source() == listed | set(ELSEWHERE)
    assert not listed & set(ELSEWHERE)


def kill(instance, folder, env, wanted, by_act=False):
    """wanted: what is to become of the act. by_act: no death may come before it."""
    watch = crash.Watch(instance, env)
    since = crash.intents(instance) if (instance.dir / "db/paraph.db").exists() else 0
    crash.start(instance, env)
    try:
        crash.healthy(instance)
        crash.at_rest(instance)
        j = Journey(instance)
        crash.walk(j)
        assert not by_act or watch.missing() == crash.points_of(env), "reached before the signer asked"
        crash.sign_once(j)
        end = crash.outcome(j)
        assert end == wanted, instance.logs()
        watch.all_reached()
        crash.healthy(instance)
        crash.settled(j, folder, end, since)
        # The same signer again, when nothing was signed; and anybody else.
        Journey(instance).whole()
    finally:
        instance.stop()


@pytest.mark.parametrize("program,point,end", [(p, x, end) for p, points in POINTS.items() for x, end in points.items()])
def test_kill(instance, tmp_path, program, point, end):
    kill(instance, tmp_path, {program: point}, end, by_act=True)


@pytest.mark.parametrize("env,end", CHAINS, ids=lambda v: "+".join(v.values()) if isinstance(v, dict) else v)
def test_one_death_after_the_other(instance, tmp_path, env, end):
    kill(instance, tmp_path, env, end)


@pytest.mark.parametrize("env", RENEWAL, ids=lambda v: "+".join(v.values()))
def test_renewal_of_the_ocsp_signer(instance, env):
    newest = crash.rows(instance, "SELECT max(n) FROM responder")[0][0]
    crash.age(instance, "UPDATE responder SET made_at = made_at - 86400000000 * 365")
    watch = crash.Watch(instance, env)
    crash.start(instance, env)
    try:
        watch.all_reached(30)
        made = "SELECT n, der FROM responder WHERE der IS NOT NULL AND n > ?"
        assert crash.within(20, lambda: crash.rows(instance, made, newest)), "there is no new certificate"
        crash.healthy(instance)
        Journey(instance).whole()
        crash.agrees(instance)
    finally:
        instance.stop()

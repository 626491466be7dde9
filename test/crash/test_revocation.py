"""core or keys dies between the commit of a revocation and the list that names it: whoever comes back still owes both, list and
OCSP. The list is otherwise made each hour only."""
import pytest

import crash
from service import Journey, Problem, Service

# What the way from the commit of a revocation to the published list passes, each death at the next start.
POINTS = {
    "CORE": "core.revocation,core.crl.intent,core.crl.made",
    "KEYS": "keys.torn.4,keys.crl.record,keys.crl.answer",
}


@pytest.fixture(scope="module")
def instance(prefix):
    s = Service(prefix)
    yield s
    s.kill()
    s.remove()


@pytest.mark.parametrize("program", POINTS)
def test_a_committed_revocation_reaches_ocsp_and_list(instance, program):
    env = {program: POINTS[program]}
    instance.start()  # this start makes the first list: the one that dies has a list that is new enough
    try:
        serial = crash.serial_of(Journey(instance).whole())
    finally:
        instance.stop()
    watch = crash.Watch(instance, env)
    crash.start(instance, env)
    try:
        assert "good" in crash.told(instance, serial)  # and the front keeps this answer for its seconds
        assert not crash.listed(instance, serial)
        lists, whole = crash.rows(instance, "SELECT count(*), count(der) FROM crl")[0]
        try:
            instance.api("officer").post(f"/v1/certificates/{serial}/revoke", {"reason": "key_compromise"})
        except (Problem, OSError):
            assert program == "CORE", "the answer to a revocation does not wait for the list"
        watch.all_reached()
        crash.healthy(instance)
        assert crash.within(10, lambda: "revoked" in crash.told(instance, serial))
        assert crash.within(10, lambda: crash.listed(instance, serial)), "the list does not name it"
        begun, made, entries = crash.rows(instance, "SELECT count(*), count(der), max(revocations) FROM crl")[0]
        assert lists < begun <= lists + 4, "one list for one revocation and each death, and not one each second"
        assert made > whole and entries == crash.rows(instance, "SELECT count(*) FROM revocation")[0][0]
        crash.agrees(instance)
    finally:
        instance.stop()

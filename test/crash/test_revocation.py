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
        if program == "CORE":
            assert "good" in crash.told(instance, serial)  # and the front keeps this answer for its seconds
        assert not crash.listed(instance, serial)
        lists, whole = crash.rows(instance, "SELECT count(*), count(sha256) FROM crl")[0]
        try:
            instance.api("officer").post(f"/v1/certificates/{serial}/revoke", {"reason": "key_compromise"})
        except (Problem, OSError):
            assert program == "CORE", "the answer to a revocation does not wait for the list"
        watch.all_reached()
        crash.healthy(instance)
        assert crash.within(10, lambda: "revoked" in crash.told(instance, serial))
        assert crash.within(10, lambda: crash.listed(instance, serial)), "the list does not name it"
        begun, made, entries = crash.rows(instance, "SELECT count(*), count(sha256), max(revocations) FROM crl")[0]
        kept = crash.rows(instance, "SELECT max(number), count(*) FROM crl WHERE der IS NOT NULL")
        assert kept == [(crash.rows(instance, "SELECT max(number) FROM crl WHERE sha256 IS NOT NULL")[0][0], 1)], "old lists are kept whole"
        assert lists < begun <= lists + 4, "one list for one revocation and each death, and not one each second"
        assert made > whole and entries == crash.rows(instance, "SELECT count(*) FROM revocation")[0][0]
        crash.agrees(instance)
    finally:
        instance.stop()


def test_i_did_not_do_this_goes_on_after_a_crash(instance):
    """The signer of two documents revokes both; core dies after the first. He asks again, and neither stays good."""
    env = {"CORE": "core.revocation"}
    watch = crash.Watch(instance, env)
    crash.start(instance, env)
    try:
        j = Journey(instance).register()
        files = [j.upload().file["id"], j.upload(j.pdf.read_bytes() + b"\n").file["id"]]
        place = {"page": 1, "x": 60, "y": 60, "w": 180, "h": 54}
        j.request(files=files, signers=[{"key": "one", "registration": j.registration, "method": "email_code",
                                         "fields": [dict(place, file=file) for file in files]}])
        j.link().open().send_code().try_code().consent().sign()
        serials = [d["certificate"]["serial"] for d in j.browser.get("/s/v1/result")["documents"]]
        assert len(serials) == 2
        with pytest.raises((Problem, OSError)):
            j.browser.post("/s/v1/revoke")
        watch.all_reached()
        crash.healthy(instance)
        assert crash.rows(instance, "SELECT count(*) FROM revocation WHERE lower(hex(serial)) IN (?, ?)", *serials) == [(1,)]
        rest = j.browser.post("/s/v1/revoke")["certificates"]
        assert [c["status"] for c in rest] == ["revoked"]
        assert crash.within(10, lambda: all("revoked" in crash.told(instance, serial) for serial in serials))
        assert crash.within(10, lambda: crash.listed(instance, *serials))
        with pytest.raises(Problem) as again:
            j.browser.post("/s/v1/revoke")
        assert again.value.slug == "certificate-ended"
        crash.agrees(instance)
    finally:
        instance.stop()

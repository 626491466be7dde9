"""The API as a caller meets it: wrong requests, the same request twice, codes, several signers, a full disk, core's jail."""
import base64
import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import uuid

import pytest

import memory
from service import SAMPLE, Api, Journey, Problem, ocsp

PERSON = {"country": "FR", "given_name": "Jane", "surname": "Doe", "reference": "person-1", "email": "jane@example.org",
          "identified_by": "passport", "evidence": "file 4711", "verified_at": "2026-01-01T00:00:00Z"}


def person(**over):
    body = dict(PERSON, verified_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400)))
    body.update(over)
    return body


def problem(f, *args, **kwargs):
    with pytest.raises(Problem) as e:
        f(*args, **kwargs)
    return e.value


# ---- wrong requests -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("body, status, slug, pointer", [
    (person(country="fr"), 422, "name-does-not-fit", "/country"),
    (person(surname="x" * 65), 422, "name-does-not-fit", "/surname"),
    (person(given_name="J" * 32, surname="D" * 32), 422, "name-does-not-fit", None),
    (person(organization="\u00e9" * 65, organization_id="NTRFR-1"), 422, "name-does-not-fit", "/organization"),
    (person(organization="ACME\u00ad", organization_id="NTRFR-1"), 422, "name-does-not-fit", "/organization"),
    (person(organization="ACME", organization_id="NTRFR-1 "), 422, "name-does-not-fit", "/organization_id"),
    (person(surname="Doe "), 422, "name-does-not-fit", "/surname"),
    (person(surname=" Doe"), 422, "name-does-not-fit", "/surname"),
    (person(given_name="Jane  Ann"), 422, "name-does-not-fit", "/given_name"),
    (person(given_name="Jane\u00a0Ann"), 422, "name-does-not-fit", "/given_name"),
    (person(surname="Do\u00ade"), 422, "name-does-not-fit", "/surname"),
    ({k: v for k, v in person(pseudonym="J D ").items() if k not in ("given_name", "surname")}, 422, "name-does-not-fit", "/pseudonym"),
    (person(surname="Doe\u202e"), 422, "bad-field", "/surname"),
    (person(surname=""), 422, "bad-field", "/surname"),
    (person(email="jane"), 422, "bad-field", "/email"),
    (person(phone="0600000000"), 422, "bad-field", "/phone"),
    (person(verified_at="2999-01-01T00:00:00Z"), 422, "bad-field", "/verified_at"),
    (person(verified_at="yesterday"), 422, "bad-field", "/verified_at"),
    (person(nickname="J"), 422, "bad-field", "/nickname"),
    ({k: v for k, v in person().items() if k != "evidence"}, 422, "bad-field", "/evidence"),
    (person(pseudonym="JD"), 422, "name-does-not-fit", None),
    ([], 422, "bad-field", None),
])
def test_registration_refuses(service, body, status, slug, pointer):
    p = problem(service.api("registration").post, "/v1/registrations", body)
    assert (p.status, p.slug) == (status, slug)
    assert p.body["title"] and p.body["request_id"]
    if pointer:
        assert p.body["errors"][0]["pointer"] == pointer


def test_json_is_read_strictly(service):
    api = service.api("registration")
    for raw in (b"{", b'{"country":"FR","country":"FR"}', b'{"country":"\xff"}', b'{"country":"FR",}', b'{"a":1e999}'):
        p = problem(api.post, "/v1/registrations", raw, headers={"Content-Type": "application/json"})
        assert (p.status, p.slug) == (400, "bad-input"), raw
    p = problem(api.post, "/v1/registrations", b"{}", headers={"Content-Type": "text/plain"})
    assert (p.status, p.slug) == (415, "unsupported-media-type")
    p = problem(api.post, "/v1/registrations", b'{"country":"' + b"F" * 300000 + b'"}', headers={"Content-Type": "application/json"})
    assert p.status == 413


def test_who_may_call(service):
    assert problem(service.api().post, "/v1/registrations", person()).slug == "unauthenticated"
    assert problem(service.api("sender").post, "/v1/registrations", person()).slug == "forbidden"
    assert problem(service.api("registration").post, "/v1/files", SAMPLE.read_bytes(),
                   headers={"Content-Type": "application/pdf"}).slug == "forbidden"
    stranger = Api(service, "tsk_test_nobody")
    assert problem(stranger.get, "/v1/requests/req_00000000000000000000000000").status == 401
    assert problem(service.api("sender").get, "/v1/requests/req_00000000000000000000000000").status == 404
    assert problem(service.api("sender").call, "DELETE", "/v1/health").status == 405
    assert problem(service.api("sender").get, "/v1/nothing").status == 404


def test_a_request_needs_registered_signers(service):
    j = Journey(service).register(verified_at="2024-01-01T00:00:00Z").upload()
    p = problem(j.request)
    assert (p.status, p.slug) == (422, "registration-missing")
    assert p.body["errors"][0]["pointer"] == "/signers/0/registration"
    j.registration = "reg_00000000000000000000000000"
    assert problem(j.request).slug == "registration-missing"
    j.register()
    signer = {"key": "one", "registration": j.registration, "method": "sms_code"}
    assert problem(j.request, signers=[signer]).slug == "registration-missing"
    field = {"page": 99, "x": 1, "y": 1, "w": 100, "h": 40}
    assert problem(j.request, signers=[dict(signer, method="email_code", fields=[field])]).slug == "pdf-page-range"
    assert problem(j.request, signers=[dict(signer, method="email_code", fields=[dict(field, page=1, y=5000)])]).slug == "pdf-field-off-page"
    assert problem(j.request, files=["file_00000000000000000000000000"], signers=[dict(signer, method="email_code")]).slug == "bad-field"
    assert problem(j.request, deadline="2020-01-01T00:00:00Z").body["errors"][0]["pointer"] == "/deadline"


def test_the_order_of_steps_is_kept(service):
    j = Journey(service).register().upload().request().link().open()
    assert problem(j.browser.post, "/s/v1/sign").slug == "not-identified"
    assert problem(j.consent).slug == "not-identified"
    assert problem(j.try_code, "123456").slug == "code-none"
    assert problem(j.browser.get, "/s/v1/signed/1").slug == "wrong-state"
    assert problem(j.browser.get, "/s/v1/documents/2").status == 404
    j.send_code().try_code()
    wrong = {"read": True, "correct": True, "consent_sha256": "0" * 64}
    assert problem(j.browser.post, "/s/v1/consent", wrong).slug == "document-changed"
    assert problem(j.browser.post, "/s/v1/consent", dict(wrong, read=False)).slug == "bad-field"
    j.consent().consent().sign()
    assert j.result["status"] == "signed"
    assert problem(j.browser.post, "/s/v1/decline", {}).slug == "wrong-state"


def test_ended_requests(service):
    sender = service.api("sender")
    j = Journey(service).register().upload().request().link().open()
    assert sender.post(f"/v1/requests/{j.req['id']}/cancel", {"reason": "wrong price"})["status"] == "canceled"
    assert problem(sender.post, f"/v1/requests/{j.req['id']}/cancel", {}).slug == "wrong-state"
    assert problem(j.browser.post, "/s/v1/code").slug == "wrong-state"
    assert problem(j.open).slug == "link-ended"
    j.token = "x" * 43
    assert problem(j.open).slug == "link-unknown"
    k = Journey(service).register().upload().request().link().open()
    assert k.browser.post("/s/v1/decline", {"reason": "price wrong"})["status"] == "declined"
    assert sender.get(f"/v1/requests/{k.req['id']}")["status"] == "declined"


@pytest.mark.parametrize("end", ["canceled", "expired"])
def test_who_has_signed_keeps_his_document_when_the_request_ends(service, end):
    """One of two signers has signed: what he signed is his, by both of his links; the other finds that the invitation has ended."""
    ends, sender = time.time() + 8, service.api("sender")
    one, two = Journey(service).register().upload(), Journey(service, given="John", surname="Roe").register()
    signers = [{"key": key, "registration": j.registration, "method": "email_code",
                "fields": [{"file": one.file["id"], "page": 1, "x": 60, "y": y, "w": 180, "h": 54}]} for key, j, y in (("one", one, 60), ("two", two, 160))]
    deadline = {"deadline": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))} if end == "expired" else {}
    one.request(signers=signers, **deadline)
    one.link().open().send_code().try_code().consent().sign()
    assert one.result["status"] == "signed"
    document, invitation = one.signed(), one.token
    confirmation = one.link().token
    two.link().open()
    if end == "canceled":
        sender.post(f"/v1/requests/{one.req['id']}/cancel", {})
    else:
        time.sleep(max(0, ends + 1 - time.time()))
    for wait in (False, True) if end == "expired" else (False,):  # past the deadline, and when housekeeping has seen it
        until = time.monotonic() + 30
        while wait and sender.get(f"/v1/requests/{one.req['id']}")["status"] != "expired":
            assert time.monotonic() < until
            time.sleep(0.2)
        for one.token in (invitation, confirmation):
            one.open()
            assert one.facts()["status"] == "signed" and one.browser.get("/s/v1/result") == one.result and one.signed() == document
        assert problem(two.open).slug == "link-ended"
    assert one.browser.post("/s/v1/revoke")["certificates"][0]["status"] == "revoked"


# ---- the same twice -----------------------------------------------------------------------------------------------------

def test_the_same_request_twice(service):
    api, key, body = service.api("registration"), uuid.uuid4().hex, person()
    first = api.post("/v1/registrations", body, key=key)
    assert api.post("/v1/registrations", body, key=key) == first
    assert api.headers["Idempotency-Replayed"] == "true"
    p = problem(api.post, "/v1/registrations", person(surname="Roe"), key=key)
    assert (p.status, p.slug) == (422, "idempotency-key-reused")
    status, data = api.raw("POST", "/v1/registrations", json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert status == 400 and b"idempotency-key-missing" in data
    assert api.post("/v1/registrations", body)["subject"]["serial_number"] == first["subject"]["serial_number"]


def test_uploads_at_the_same_time_with_one_key(service):
    key = uuid.uuid4().hex

    def upload(_):
        try:
            return service.api("sender").post("/v1/files", SAMPLE.read_bytes(), key=key, headers={"Content-Type": "application/pdf"})["id"]
        except Problem as p:
            assert p.slug == "idempotency-key-in-flight"
            return None

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(upload, range(6))) - {None}
    assert len(ids) == 1


@pytest.mark.parametrize("turn", range(6))
def test_signing_six_times_at_once_is_one_signature(service, turn):
    j = Journey(service).until_code().try_code().consent()

    def sign(_):
        return j.browser.raw("POST", "/s/v1/sign")[0]

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert set(pool.map(sign, range(6))) <= {200, 202}
    j.sign()
    events = [e["event"] for e in service.api("sender").get(f"/v1/requests/{j.req['id']}/events")["data"]]
    assert events.count("signer.signing") == 1 and events.count("signer.signed") == 1


# ---- codes --------------------------------------------------------------------------------------------------------------

def test_five_codes_and_no_sixth(service):
    j = Journey(service).until_code()
    wrong = [f"{(int(j.code) + n) % 1000000:06d}" for n in range(1, 7)]
    for left in (4, 3, 2, 1):
        p = problem(j.try_code, wrong.pop())
        assert (p.status, p.slug, p.body["tries_left"]) == (422, "code-wrong", left)
    p = problem(j.try_code, wrong.pop())
    assert (p.status, p.slug, p.body["tries_left"]) == (429, "code-tries", 0)
    assert problem(j.try_code).slug == "code-tries"  # the right one, too late
    assert problem(j.browser.post, "/s/v1/code").status == 429


def test_codes_are_sent_three_times(service):
    j = Journey(service).until_code()
    old = j.code
    j.send_code()
    assert j.code != old
    assert problem(j.try_code, old).slug == "code-wrong"
    j.send_code()
    assert problem(j.browser.post, "/s/v1/code").slug == "code-sends"
    j.try_code()


def parts_of_memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line or line.rstrip().endswith(".mdb"):  # a file, searched as such
                continue
            low, high = (int(x, 16) for x in span.split("-"))
            try:
                for at in range(low, high, 1 << 24):
                    mem.seek(at)
                    yield mem.read(min((1 << 24) + 64, high - at))
            except OSError:
                continue


def memory_holds(pid, needle):
    return any(needle in part for part in parts_of_memory(pid))


def code_hits(pid, code):
    return [hit for part in parts_of_memory(pid) for hit in memory.places(part, code)]


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of another user's process")
def test_core_holds_no_code(service):
    pid, = service.pids("paraph-core")
    j = Journey(service).until_code()
    code = j.code.encode()
    assert memory_holds(pid, b"Lease 12 rue X")  # the search finds what is there
    assert code_hits(pid, code) == []
    j.try_code()
    assert code_hits(pid, code) == []
    j.consent().sign()
    time.sleep(0.2)
    r = subprocess.run(["grep", "-rlaE", rf"(^|[^0-9a-f]){j.code}([^0-9a-f]|$)", str(service.dir / "db"), str(service.dir / "log"),
                        str(service.dir / "status"), str(service.dir / "front")], capture_output=True, text=True)
    assert r.stdout == ""


# ---- several signers ----------------------------------------------------------------------------------------------------

def test_three_signers_sign_two_documents_at_the_same_time(service, tmp_path):
    import judges
    people = [Journey(service, given=f"Signer{n}").register() for n in range(3)]
    files = [service.api("sender").post("/v1/files", SAMPLE.read_bytes() + f"\n%{n}\n".encode(), headers={"Content-Type": "application/pdf"})["id"]
             for n in range(2)]
    req = service.api("sender").post("/v1/requests", {"title": "Lease 12 rue X", "send": True, "files": files, "signers": [
        {"key": f"k{n}", "registration": p.registration} for n, p in enumerate(people)]})
    for p in people:
        p.req = req
        p.link().open().send_code().try_code().consent()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda p: p.sign(), people))
    assert all(p.result["status"] == "signed" for p in people)
    serials = {d["certificate"]["serial"] for p in people for d in p.result["documents"]}
    assert len(serials) == 6  # one key and certificate each per document and signer
    assert service.api("sender").get(f"/v1/requests/{req['id']}")["status"] == "completed"
    for n, d in enumerate(req["documents"]):
        status, data = service.api("sender").raw("GET", f"/v1/requests/{req['id']}/documents/{d['id']}?version=signed")
        assert status == 200
        path = tmp_path / f"{n}.pdf"
        path.write_bytes(data)
        assert judges.pdfsig(path, signatures=3)


# ---- what breaks --------------------------------------------------------------------------------------------------------

def test_an_upload_that_breaks_off_leaves_nothing(service):
    blobs = service.dir / "blobs"
    before = sorted(p.name for p in blobs.iterdir())
    context = ssl.create_default_context(cafile=str(service.dir / "public/tls.crt"))
    s = context.wrap_socket(socket.create_connection(("localhost", service.https)), server_hostname="localhost")
    head = (f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {service.key('sender')}\r\nIdempotency-Key: {uuid.uuid4().hex}\r\n"
            "Content-Type: application/pdf\r\nContent-Length: 1000000\r\n\r\n")
    s.sendall(head.encode() + SAMPLE.read_bytes())
    until = time.monotonic() + 10
    while not list((blobs / "new").iterdir()):
        assert time.monotonic() < until, "the upload did not begin"
        time.sleep(0.02)
    s.close()
    while list((blobs / "new").iterdir()):
        assert time.monotonic() < until, "the broken upload was not removed"
        time.sleep(0.02)
    assert sorted(p.name for p in blobs.iterdir()) == before


def ocsp_get(s, serial):
    """The answer to a question in the address, as openssl reads it."""
    with tempfile.TemporaryDirectory() as place:
        question, answer = pathlib.Path(place, "q"), pathlib.Path(place, "a")
        arguments = ["openssl", "ocsp", "-issuer", s.dir / "public/issuing.pem", "-serial", "0x" + serial, "-no_nonce"]
        subprocess.run([*arguments, "-reqout", question], check=True, capture_output=True)
        status, data, _ = s.plain("/ocsp/" + urllib.parse.quote(base64.b64encode(question.read_bytes()).decode(), safe=""))
        assert status == 200, (status, data)
        answer.write_bytes(data)
        r = subprocess.run([*arguments, "-respin", answer, "-CAfile", s.dir / "public/root.pem", "-verify_other", s.dir / "public/issuing.pem"],
                           capture_output=True, text=True)
        return r.stdout + r.stderr


def relying_parties_notice_nothing(s, serials):
    for serial in serials:
        assert "good" in ocsp_get(s, serial)
        for nonce in (True, False, True):  # with a nonce each is signed anew, and so in the journal first
            assert "good" in ocsp(s, serial, nonce)
    assert s.plain("/crl/issuing.crl")[0] == 200 and s.plain("/aia/issuing.cer")[0] == 200


def until_nothing_can_be_journaled(s, small):
    """Takes away the room that the journal had put by, and fills that too."""
    segment = max((s.dir / "keys/status/journal").glob("*.seg"))
    size = segment.stat().st_size
    os.truncate(segment, size + 1)
    os.truncate(segment, size)
    with open(small / "more", "ab", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"0" * 4096)
    # The last page of the segment has room yet: it is used up by answers.
    for _ in range(60):
        if "trylater" in ocsp(s, "00" * 20).lower().replace(" ", ""):
            return
    raise AssertionError("the journal has found room")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk(own_service):
    s = own_service()
    small = s.place / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0711", "tmpfs", str(small)], check=True)
    try:
        subprocess.run(["cp", "-a", str(s.dir), str(small / "i")], check=True)
        s.dir = small / "i"
        s.start()
        serials = [Journey(s).whole().result["documents"][0]["certificate"]["serial"] for _ in range(2)]
        j = Journey(s).until_code().try_code().consent()
        free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
        with open(small / "filler", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, free - 8192)
        p = problem(j.upload)
        assert (p.status, p.slug) == (507, "disk-full")
        assert problem(s.api("registration").post, "/v1/registrations", person()).slug == "disk-full"
        assert problem(j.browser.post, "/s/v1/sign").slug == "disk-full"
        with open(small / "filler", "ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"0" * 4096)  # to the last octet
        assert os.statvfs(small).f_bavail == 0
        relying_parties_notice_nothing(s, serials)
        time.sleep(6)  # longer than the front keeps an answer
        relying_parties_notice_nothing(s, serials)
        for pid in s.pids("paraph-keys") + s.pids("paraph-status"):  # nor does a start need room
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while "good" not in ocsp(s, serials[0]):
            assert time.monotonic() < until, s.logs()
            time.sleep(0.2)
        relying_parties_notice_nothing(s, serials)
        until_nothing_can_be_journaled(s, small)
        time.sleep(6)
        began = time.monotonic()
        for way in (lambda: ocsp(s, serials[0]), lambda: ocsp(s, serials[0], nonce=False), lambda: ocsp_get(s, serials[0])):
            assert "trylater" in way().lower().replace(" ", "")
        assert time.monotonic() - began < 5
        assert s.plain("/crl/issuing.crl")[0] == 200 and s.plain("/aia/issuing.cer")[0] == 200
        assert problem(j.upload).slug == "disk-full"
        (small / "filler").unlink()
        (small / "more").unlink()
        relying_parties_notice_nothing(s, serials)
        Journey(s).whole()
        until = time.monotonic() + 20  # nothing was lost: the consent still stands, or the signer is told to confirm anew
        while True:
            try:
                j.sign()
                break
            except Problem as e:
                assert e.slug in ("signature-void", "not-identified") and time.monotonic() < until
                j.send_code().try_code().consent()
        assert j.result["status"] == "signed"
    finally:
        s.stop()
        subprocess.run(["umount", "-l", str(small)], check=False)


# ---- core's jail --------------------------------------------------------------------------------------------------------

@pytest.fixture
def victim():
    """A process of no importance: whoever may trace or signal it does it no harm."""
    p = subprocess.Popen(["sleep", "60"])
    yield p.pid
    p.kill()
    p.wait()


def attempt(service, act, env=None):
    r = subprocess.run([str(service.prefix / "libexec/paraph/paraph-core"), f"instance={service.dir}", f"--attempt={act}"],
                       capture_output=True, text=True, env=dict(os.environ, **(env or {})), timeout=20)
    return r.returncode


def acts(service, victim):
    return [f"read-other:{service.dir}/keys/issuing/passphrase", "read-other:/etc/passwd", f"write-outside:{service.dir}/public/attempt",
            "write-outside:/tmp/paraph-attempt", f"inet-socket:{service.https}", "execve", f"ptrace:{victim}", f"signal:{victim}", "fork"]


def test_core_cannot(service, victim):
    for act in acts(service, victim):
        assert attempt(service, act) == 0, act


def test_without_its_jail_core_could(service, victim):
    # Whether a stranger may be traced is the kernel's matter too: test_jails.py has a process that consents.
    undone = [act for act in acts(service, victim) if not act.startswith("ptrace") and attempt(service, act, {"PARAPH_NO_JAIL": "1"}) != 1]
    assert undone == []
    pathlib.Path("/tmp/paraph-attempt").unlink(missing_ok=True)
    (service.dir / "public/attempt").unlink(missing_ok=True)

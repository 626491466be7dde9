"""Bad input gets one clear sentence and a stable code, loses nothing and hurts nobody: each kind, through the real API."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import uuid

import pytest

import service as service_module
from service import SAMPLE, Api, Journey, Problem

TOP = pathlib.Path(__file__).resolve().parents[2]
PDF = {"Content-Type": "application/pdf"}
ONE_MINUTE = 60


@pytest.fixture(scope="module")
def service(prefix):
    """A service of its own, in which a code lives for a minute and a link for three days; at the end an ordinary signature must still work there."""
    s = service_module.Service(prefix, conf={("policy", "code_minutes"): 1, ("policy", "invitation_days"): 3})
    s.start()
    yield s
    s.remove()


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def programs(service):
    """The processes that paraphd started."""
    return sorted(pid for pid in service.pids() if parent_of(pid) == service.server.pid)


@pytest.fixture(scope="module", autouse=True)
def late(service):
    """A signer whose code was sent before the first test of this module: the last test finds it too old."""
    j = Journey(service).until_code()
    j.sent_at, j.programs = time.monotonic(), programs(service)
    return j


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """The PDFs of test/pdf/generate: ordinary Python writes most; the judge's Python signs the certified and locked ones."""
    folder = tmp_path_factory.mktemp("bad")
    plain = ["bad-text", "bad-empty", "bad-truncated-50", "bad-encrypted-aes-128", "bad-encrypted-no-password", "bad-xfa", "bad-xref-shifted",
             "bad-no-pages", "bomb-object-stream", "bomb-xref-stream", "script-open", "layer-off"]
    signed = ["certified-p1", "locked-all-fields"]
    subprocess.run([TOP / "test/pdf/generate", folder, *(w for n in plain for w in ("--only", n))], check=True, capture_output=True)
    subprocess.run([TOP / "test/foreign/pyhanko/judge", "--python", TOP / "test/pdf/generate", folder, "--signed",
                    *(w for n in signed for w in ("--only", n))], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def person(service):
    return Journey(service).register()


def refused(call, *args, status=None, slug=None, **kwargs):
    """The Problem that the call ends with; every problem has one clear sentence, its own status and an id to ask about."""
    with pytest.raises(Problem) as caught:
        call(*args, **kwargs)
    p = caught.value
    assert (p.status, p.slug) == (status, slug or p.slug), p
    assert p.headers["Content-Type"].startswith("application/problem+json")
    assert p.body["status"] == status and p.body["request_id"].startswith("r-")
    assert re.fullmatch(r"[A-Z].{10,160}\.", p.body["title"]), p.body  # a sentence
    assert p.body["detail"] and "\n" not in p.body["detail"]
    return p


def pointer(problem):
    """The place in the body that the problem names."""
    return problem.body["errors"][0]["pointer"]


def stored(service):
    return sorted(p.name for p in (service.dir / "blobs").rglob("*") if p.is_file())


# ---- documents -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name,slug", [
    ("bad-text", "pdf-not-a-pdf"), ("bad-empty", "pdf-empty"), ("bad-truncated-50", "pdf-truncated"),
    ("bad-encrypted-aes-128", "pdf-encrypted"), ("bad-encrypted-no-password", "pdf-encrypted"), ("bad-xfa", "pdf-xfa"),
    ("bad-xref-shifted", "pdf-damaged"), ("bad-no-pages", "pdf-no-pages"), ("bomb-object-stream", "pdf-too-complex"),
    ("bomb-xref-stream", "pdf-too-complex"), ("script-open", "pdf-scripts"), ("layer-off", "pdf-hidden-layers"),
    ("certified-p1", "pdf-certified"), ("locked-all-fields", "pdf-locked")])
def test_document_is_refused(service, bad, person, name, slug):
    """At the upload, or, where it depends on the field, when the request is made; what was refused at the upload is not kept."""
    before, started = stored(service), time.monotonic()

    def whole():
        person.upload((bad / f"{name}.pdf").read_bytes())
        person.place = slug not in ("pdf-certified", "pdf-locked")  # not even an invisible signature
        person.request(send=False)

    person.file = None
    refused(whole, status=422, slug=slug)
    assert time.monotonic() - started < 40
    if person.file is None:
        assert stored(service) == before


@pytest.mark.parametrize("place,slug", [
    ({"page": 99}, "pdf-page-range"), ({"x": 5000}, "pdf-field-off-page"), ({"x": 560}, "pdf-field-off-page"), ({"w": 2, "h": 2}, "pdf-field-size")])
def test_place_is_refused(service, person, place, slug):
    person.upload()
    person.place = place
    refused(person.request, status=422, slug=slug)


def test_a_document_above_the_limit(service):
    """413 from the front, before it is all sent."""
    context = ssl.create_default_context(cafile=str(service.dir / "public/tls.crt"))
    with context.wrap_socket(socket.create_connection(("localhost", service.https)), server_hostname="localhost") as s:
        s.sendall((f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {service.key('sender')}\r\nIdempotency-Key: big\r\n"
                   f"Content-Type: application/pdf\r\nContent-Length: {600 << 20}\r\n\r\n").encode())
        s.settimeout(20)
        assert b" 413 " in s.recv(4096).split(b"\r\n")[0]


def kill_child_of(parent, stop, killed):
    """kill -9 of the first process that parent forks, as a crash in the parser would end it."""
    known = set(os.listdir("/proc"))
    while not stop.is_set() and not killed:
        for pid in set(os.listdir("/proc")) - known:
            try:
                if pid.isdigit() and parent_of(pid) == parent:
                    os.kill(int(pid), signal.SIGKILL)
                    killed.append(int(pid))
                    return
            except (OSError, IndexError):
                continue
        time.sleep(0.0005)


def test_a_crash_of_the_parser(service, bad):
    """The child that reads the document dies; the upload is refused, parent and core live on and serve others meanwhile."""
    parent, = service.pids("paraph-document")
    core = service.pids("paraph-core")
    for _ in range(10):  # on a busy machine the child may have given its answer before it is killed
        stop, killed = threading.Event(), []
        killer = threading.Thread(target=kill_child_of, args=(parent, stop, killed))
        killer.start()
        try:
            p = refused(Journey(service).upload, (bad / "bomb-object-stream.pdf").read_bytes(), status=422)
        finally:
            stop.set()
            killer.join()
        if p.slug != "pdf-too-complex":
            break
    assert killed and p.slug == "pdf-unreadable"
    assert service.pids("paraph-document") == [parent] and service.pids("paraph-core") == core
    assert Journey(service).upload().file["pages"] >= 1


def test_an_upload_that_breaks_off_leaves_nothing(service):
    before = stored(service)
    context = ssl.create_default_context(cafile=str(service.dir / "public/tls.crt"))
    s = context.wrap_socket(socket.create_connection(("localhost", service.https)), server_hostname="localhost")
    s.sendall((f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {service.key('sender')}\r\nIdempotency-Key: {uuid.uuid4().hex}\r\n"
               "Content-Type: application/pdf\r\nContent-Length: 1000000\r\n\r\n").encode() + SAMPLE.read_bytes())
    until = time.monotonic() + 10
    while stored(service) == before:
        assert time.monotonic() < until, "the upload did not begin"
        time.sleep(0.01)
    s.close()
    while stored(service) != before:
        assert time.monotonic() < until, "the broken upload was not removed"
        time.sleep(0.01)


def drip(s, first, seconds, every=0.1, piece=b" "):
    """Sends first, then piece after piece, up to the answer or for so many seconds; what the other side said."""
    said = b""
    s.sendall(first)
    s.settimeout(every)
    until = time.monotonic() + seconds
    while time.monotonic() < until and b"}" not in said:
        try:
            s.sendall(piece)
            said += s.recv(65536)
        except TimeoutError:
            pass
    return said


def sockets(pid):
    found = 0
    for n in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            found += os.readlink(f"/proc/{pid}/fd/{n}").startswith("socket:")
    return found


@pytest.mark.parametrize("length", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_a_document_that_drips(own_service, length):
    """nginx looks at pauses only: core ends what comes too slowly as a whole, says so, and keeps nothing of it."""
    s = own_service()
    s.start(env={"PARAPH_TEST_BODY_SECONDS": "3"})
    Journey(s).upload()
    core, before = s.pids("paraph-core")[0], stored(s)
    held = sockets(core)
    context = ssl.create_default_context(cafile=str(s.dir / "public/tls.crt"))
    piece = b"1\r\n \r\n" if "chunked" in length else b" "

    def connect():
        return context.wrap_socket(socket.create_connection(("localhost", s.https)), server_hostname="localhost")

    def head(key):
        return (f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: {uuid.uuid4().hex}\r\n"
                f"Content-Type: application/pdf\r\n{length}\r\n\r\n").encode()
    began = time.monotonic()
    with connect() as c:
        said = drip(c, head(s.key("sender")), 20, piece=piece)
    took = time.monotonic() - began
    assert said.startswith(b"HTTP/1.1 408") and 2.5 < took < 10, (took, said)
    assert b"application/problem+json" in said and b'/problems/too-slow"' in said
    until = time.monotonic() + 10
    while stored(s) != before or sockets(core) > held:
        assert time.monotonic() < until, (stored(s), before, sockets(core), held)
        time.sleep(0.05)


def test_a_small_body_in_chunks(service):
    """As large as one may be, and in pieces: the front keeps all of it in memory."""
    c = http.client.HTTPConnection("127.0.0.1", service.http, timeout=30)
    for size, status in ((256 * 1024, 400), (256 * 1024 + 1, 413)):
        pieces = (b"x" * min(1024, size - at) for at in range(0, size, 1024))
        c.request("POST", "/v1/requests", pieces, {"Authorization": "Bearer " + service.key("sender"), "Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"},
                  encode_chunked=True)
        answer = c.getresponse()
        assert answer.status == status, answer.read()
        c.close()


def test_a_slow_body_that_goes_on_is_taken(own_service):
    """Longer under way than the 3 s, but never behind the rate."""
    s = own_service()
    s.start(env={"PARAPH_TEST_BODY_SECONDS": "3"})
    data = SAMPLE.read_bytes()
    part = len(data) // 14 + 1
    c = http.client.HTTPSConnection("localhost", s.https, context=ssl.create_default_context(cafile=str(s.dir / "public/tls.crt")), timeout=30)

    def parts():
        for at in range(0, len(data), part):
            yield data[at:at + part]
            time.sleep(0.4)
    began = time.monotonic()
    c.request("POST", "/v1/files", parts(), {"Authorization": "Bearer " + s.key("sender"), "Idempotency-Key": "slow", "Content-Length": str(len(data)), **PDF})
    assert c.getresponse().status == 201 and time.monotonic() - began > 5
    c.close()


# ---- people ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("over", [{"given": "J" * 40, "surname": "D" * 40}, {"country": "fr"}, {"country": "F1"}])
def test_a_name_that_does_not_fit_a_certificate(service, over):
    refused(Journey(service, **over).register, status=422, slug="name-does-not-fit")


def test_a_name_with_control_characters(service):
    p = refused(Journey(service, given="Ja\x07ne").register, status=422, slug="bad-field")
    assert pointer(p) == "/given_name"


def test_a_name_that_cannot_be_drawn(service):
    """A cuneiform sign has no glyph in our fonts: clear when visible, no matter when nothing is drawn. A private character is no name."""
    refused(Journey(service, given="Jane \ue123").register, status=422, slug="name-does-not-fit")
    j = Journey(service, given="Jane \U00012000").register().upload()
    refused(j.request, status=422, slug="name-glyph-missing")
    j.place = False
    assert j.request(send=False).req["id"]


def test_no_registration_and_an_old_one(service):
    j = Journey(service).upload()
    j.registration = "reg_" + "0" * 26
    p = refused(j.request, status=422, slug="registration-missing")
    assert "registration" in p.body["title"]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 368 * 86400))
    j.register(verified_at=at)  # twelve months of policy are a year, and not twelve times 31 days
    year_later = f"{int(at[:4]) + 1}{at[4:-1]}.000000Z".replace("-02-29T", "-02-28T")
    assert service.api("registration").get(f"/v1/registrations/{j.registration}")["usable_until"] == year_later
    refused(j.request, status=422, slug="registration-missing")
    refused(j.register, verified_at="2099-01-01T00:00:00Z", status=422, slug="bad-field")


# ---- links -----------------------------------------------------------------------------------------------------------------

def test_an_unknown_link(service):
    j = Journey(service)
    j.token = "A" * 43
    refused(j.open, status=404, slug="link-unknown")
    j.token = "short"
    refused(j.open, status=404, slug="link-unknown")


def test_an_expired_link(service):
    ends = time.time() + 4
    j = Journey(service).register().upload()
    j.request(deadline=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))).link()
    time.sleep(max(0, ends + 1 - time.time()))
    refused(j.open, status=410, slug="link-ended")


def test_links_last_as_long_as_the_configuration_says(service):
    """The invitation, when its request names no deadline. The way to the signed document is open for a month, whatever that says."""
    Journey(service).whole()
    db = sqlite3.connect(f"file:{service.dir}/db/paraph.db?mode=ro", uri=True)
    lives = [row[0] / 86400e6 for row in db.execute("SELECT expires_at - made_at FROM link ORDER BY n DESC LIMIT 2")]
    db.close()
    assert lives == [pytest.approx(30, abs=0.01), pytest.approx(3, abs=0.01)]


def test_a_canceled_link(service):
    j = Journey(service).register().upload().request().link()
    service.api("sender").post(f"/v1/requests/{j.req['id']}/cancel", {})
    refused(j.open, status=410, slug="link-ended")


def test_a_used_link(service):
    """After the signature the link shows the result; nothing can be signed with it again."""
    j = Journey(service).whole()
    serials = [d["certificate"]["serial"] for d in j.result["documents"]]
    j.open()
    assert j.facts()["status"] == "signed"
    refused(j.browser.post, "/s/v1/code", status=409, slug="wrong-state")
    p = refused(j.browser.post, "/s/v1/code/try", {"code": j.code}, status=409, slug="wrong-state")
    assert j.code not in json.dumps(p.body)
    j.sign()
    assert [d["certificate"]["serial"] for d in j.result["documents"]] == serials


# ---- codes -----------------------------------------------------------------------------------------------------------------

def wrong_codes(code, n):
    return [f"{(int(code) + k) % 1000000:06d}" for k in range(1, n + 1)]


def test_wrong_codes_and_the_sixth(service):
    j = Journey(service).until_code()
    for k, code in enumerate(wrong_codes(j.code, 4)):
        p = refused(j.try_code, code, status=422, slug="code-wrong")
        assert p.body["tries_left"] == 4 - k
    refused(j.try_code, wrong_codes(j.code, 5)[-1], status=429, slug="code-tries")
    refused(j.try_code, status=429, slug="code-tries")  # the sixth is the right one, too late
    refused(j.consent, status=409, slug="not-identified")


@pytest.mark.parametrize("code", ["12345", "1234567", "12a456", "", "１２３４５６"])
def test_what_is_no_code_costs_no_try(service, late, code):
    p = refused(late.try_code, code or " ", status=422, slug="bad-field")
    assert pointer(p) == "/code"


def test_codes_are_sent_three_times(service):
    j = Journey(service).until_code()
    first = j.code
    j.send_code().send_code()
    refused(j.browser.post, "/s/v1/code", status=429, slug="code-sends")
    if first != j.code:
        refused(j.try_code, first, status=422, slug="code-wrong")
    j.try_code()


def test_steps_out_of_order(service):
    j = Journey(service).register().upload().request().link().open()
    refused(j.try_code, "123456", status=422, slug="code-none")
    refused(j.consent, status=409, slug="not-identified")
    refused(j.browser.post, "/s/v1/sign", status=409, slug="not-identified")
    j.send_code().try_code()
    refused(j.browser.post, "/s/v1/consent", {"read": True, "correct": True, "consent_sha256": "0" * 64}, status=409, slug="document-changed")
    p = refused(j.browser.post, "/s/v1/consent", {"read": True, "correct": False, "consent_sha256": "0" * 64}, status=422, slug="bad-field")
    assert pointer(p) == "/correct"


# ---- requests --------------------------------------------------------------------------------------------------------------

def test_the_same_request_twice(service):
    api, key = service.api("sender"), uuid.uuid4().hex
    first = api.post("/v1/files", SAMPLE.read_bytes(), key=key, headers=PDF)
    before = stored(service)
    assert api.post("/v1/files", SAMPLE.read_bytes(), key=key, headers=PDF) == first
    assert api.headers["Idempotency-Replayed"] == "true" and stored(service) == before
    refused(api.post, "/v1/files", SAMPLE.read_bytes() + b"\n", key=key, headers=PDF, status=422, slug="idempotency-key-reused")
    j = Journey(service).register().upload()
    key = uuid.uuid4().hex
    made = j.request(key=key).req
    assert j.request(key=key).req == made
    j.link()
    time.sleep(0.5)
    assert len(service.mails(j.email)) == 1  # one invitation
    refused(j.request, key=key, title="Another title", status=422, slug="idempotency-key-reused")


def test_a_missing_idempotency_key(service):
    api = service.api("sender")
    for path, body, kind in (("/v1/files", SAMPLE.read_bytes(), "application/pdf"), ("/v1/requests", b"{}", "application/json")):
        status, data = api.raw("POST", path, body, {"Content-Type": kind})
        assert status == 400 and json.loads(data)["type"].endswith("/idempotency-key-missing"), data


def test_wrong_roles(service):
    nobody, wrong = service.api(), Api(service, "prh_" + "x" * 40)
    for api in (nobody, wrong):
        refused(api.get, "/v1/requests/req_" + "0" * 26, status=401, slug="unauthenticated")
        refused(api.post, "/v1/files", SAMPLE.read_bytes(), headers=PDF, status=401, slug="unauthenticated")
    refused(service.api("sender").post, "/v1/registrations", {}, status=403, slug="forbidden")
    refused(service.api("registration").post, "/v1/requests", {}, status=403, slug="forbidden")
    refused(service.api("registration").post, "/v1/files", SAMPLE.read_bytes(), headers=PDF, status=403, slug="forbidden")
    session = Api(service, service.key("sender"))
    refused(session.get, "/s/v1/request", status=401, slug="session-ended")


@pytest.mark.parametrize("change,where", [
    ({"colour": "red"}, "/colour"), ({"title": 7}, "/title"), ({"title": ""}, "/title"), ({"title": "x" * 201}, "/title"), ({"files": []}, "/files"),
    ({"files": ["file_x"]}, "/files/0"), ({"signers": []}, "/signers"), ({"signers": [{"key": "one", "shoe": 43}]}, "/signers/0"),
    ({"deadline": "yesterday"}, "/deadline"), ({"deadline": "2001-01-01T00:00:00Z"}, "/deadline")])
def test_fields_are_named_by_a_pointer(service, person, change, where):
    person.upload()
    person.place = True
    p = refused(person.request, status=422, slug="bad-field", **change)
    assert pointer(p).startswith(where), p.body


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 50000])
def test_what_is_no_json_object(service, body):
    with pytest.raises(Problem) as caught:
        service.api("sender").post("/v1/requests", body, headers={"Content-Type": "application/json"})
    assert caught.value.status in (400, 422) and caught.value.body["detail"]


def test_media_types_and_sizes(service):
    api = service.api("sender")
    refused(api.post, "/v1/files", b"%PDF", headers={"Content-Type": "text/plain"}, status=415, slug="unsupported-media-type")
    refused(api.post, "/v1/requests", b"{}", headers={"Content-Type": "text/plain"}, status=415, slug="unsupported-media-type")
    with pytest.raises(Problem) as caught:
        api.post("/v1/requests", b'{"title":"' + b"x" * 300000 + b'"}', headers={"Content-Type": "application/json"})
    assert caught.value.status == 413
    refused(api.get, "/v1/nothing", status=404, slug="not-found")
    refused(api.call, "DELETE", "/v1/files", status=405, slug="method-not-allowed")


# ---- the end -----------------------------------------------------------------------------------------------------------------

def test_a_late_code(service, late):
    """Older than a minute; a new one is sent and works."""
    time.sleep(max(0, late.sent_at + ONE_MINUTE + 1 - time.monotonic()))
    refused(late.try_code, status=422, slug="code-expired")
    assert late.send_code().try_code().consent().sign().result["status"] == "signed"


def test_afterwards_an_ordinary_signature_works(service, late):
    """All the above hurt nobody: three people sign at once, no program was started anew, the records agree."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert {j.result["status"] for j in pool.map(lambda _: Journey(service).whole(), range(3))} == {"signed"}
    assert len(late.programs) >= 7 and programs(service) == late.programs
    assert json.loads(service.paraph("audit", "verify", "--json", service.dir).stdout)["agrees"] is True


# ---- places in core: last, for a code above must not be older than it is meant to be ----------------------------------------

PLACES = int(re.search(r"SERVE_CONNECTIONS_MAX = (\d+)", (TOP / "src/api/serve.h").read_text()).group(1))


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("path,kind", [("/v1/requests", "application/json"), ("/v1/requests/req_x/cancel", "application/json"),
                                       ("/v1/files", "application/pdf")])
def test_bodies_of_nobody_take_no_place_in_core(own_service, many_descriptors, path, kind):
    """As many as core has places for, begun without a token and never ended: others are served as if nobody were there."""
    s = own_service()
    s.start()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: x\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n {{"
    with contextlib.ExitStack() as stack:
        for _ in range(PLACES + 32):
            c = stack.enter_context(socket.create_connection(("127.0.0.1", s.http)))
            c.sendall(head.encode())
        until = time.monotonic() + 5
        while time.monotonic() < until:
            began = time.monotonic()
            assert s.api("sender").get("/v1/health")["status"] == "ok"
            assert time.monotonic() - began < 2
            time.sleep(0.2)
        assert sockets(s.pids("paraph-core")[0]) < 200
        Journey(s).until_code()


def test_core_rests_while_all_places_are_taken(own_service, many_descriptors):
    """Straight at its socket, past the front: who finds no place waits without costing anything, and is served when one is free."""
    s = own_service()
    s.start()
    core = s.pids("paraph-core")[0]

    def used():
        return sum(map(int, pathlib.Path(f"/proc/{core}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    with contextlib.ExitStack() as stack:
        for _ in range(PLACES + 32):
            c = stack.enter_context(socket.socket(socket.AF_UNIX))
            c.connect(str(s.dir / "run/core.sock"))
        until = time.monotonic() + 10
        while "front-full" not in s.logs():
            assert time.monotonic() < until
            time.sleep(0.05)
        before = used()
        time.sleep(2)
        assert used() - before < 0.5
    until = time.monotonic() + 10
    while sockets(core) > 200:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert s.api().get("/v1/health")["status"] == "ok"

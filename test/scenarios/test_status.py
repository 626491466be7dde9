"""What relying parties get: OCSP, CRL, CA certificates and time-stamps of a real service, judged by openssl."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.parse

import pytest
from stage import Server, free_ports, place, reachable, wait_until

RANDOM_SERIAL = "0x4011223344556677889900112233445566778899"


def openssl(*arguments, check=True, octets=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=octets, capture_output=True)
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0 or not check, text
    return text


class Real:
    """A demo instance with all its programs, and one signature made in it."""

    def __init__(self, prefix, path):
        self.path = path
        self.prefix = reachable(prefix, path)
        self.https, self.http = free_ports(2)
        self.instance = path / "instance"
        self.base = f"http://127.0.0.1:{self.http}"
        self.paraph("init", "--https-port", self.https, "--http-port", self.http, self.instance)
        self.server = Server(self.prefix, self.instance).start()
        self.root, self.issuing = (self.instance / f"public/{name}.pem" for name in ("root", "issuing"))

    def paraph(self, *arguments):
        done = subprocess.run([self.prefix / "bin/paraph", *map(str, arguments)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr + (self.server.log()[-2000:] if hasattr(self, "server") else "")
        return done.stdout

    def sign(self, top):
        """PEM of the signer certificate of a new signature."""
        out = pathlib.Path(self.path) / f"out-{time.monotonic_ns()}"
        out.mkdir()
        self.paraph("sign", "--instance", self.instance, "--catcher", "--given-name", "Jane", "--surname", "Doe", "--country", "FR",
                    "--email", f"jane.doe+{out.name}@example.org", "--out", out, top / "share/sample/contract.pdf")
        for der in certificates_in(json.loads((out / "contract-proof.json").read_text())):
            pem = out / "signer.pem"
            pem.write_text(openssl("x509", "-inform", "der", octets=der))
            if "Jane Doe" in openssl("x509", "-in", pem, "-noout", "-subject"):
                return pem
        raise AssertionError("the proof holds no signer certificate")

    def ask(self, method, path, body=None, media_type=None):
        c = http.client.HTTPConnection("127.0.0.1", self.http, timeout=30)
        c.request(method, path, body=body, headers={"Content-Type": media_type} if media_type else {})
        answer = c.getresponse()
        octets = answer.read()
        c.close()
        return answer, octets

    def ocsp(self, *which, issuer=None, extra=()):
        return openssl("ocsp", "-issuer", issuer or self.issuing, *which, "-url", self.base + "/ocsp", "-CAfile", self.root, "-resp_text",
                       *extra, check=False)

    def ocsp_by_get(self, pem):
        """The answer to a request in the path, as openssl reads it."""
        request, response = self.path / "request.der", self.path / "response.der"
        openssl("ocsp", "-issuer", self.issuing, "-cert", pem, "-no_nonce", "-reqout", request)
        target = urllib.parse.quote(base64.b64encode(request.read_bytes()), safe="")
        answer, octets = self.ask("GET", "/ocsp/" + target)
        assert answer.status == 200 and answer.headers["Content-Type"] == "application/ocsp-response"
        response.write_bytes(octets)
        return answer, openssl("ocsp", "-issuer", self.issuing, "-cert", pem, "-no_nonce", "-respin", response, "-CAfile", self.root)


def certificates_in(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from certificates_in(one)
    elif isinstance(node, str) and node.startswith("MII"):
        try:
            der = base64.b64decode(node, validate=True)
        except ValueError:
            return
        if subprocess.run(["openssl", "x509", "-inform", "der", "-noout"], input=der, capture_output=True).returncode == 0:
            yield der


@pytest.fixture(scope="module")
def real(prefix):
    with place() as path:
        service = Real(prefix, path)
        yield service
        assert service.server.stop() == 0


@pytest.fixture(scope="module")
def signer(real, top):
    return real.sign(top)


def time_in(text, name):
    found = re.search(name + r"\s*[:=]\s*(\w+ +\d+ [\d:]+ \d+) GMT", text)[1]
    return time.mktime(time.strptime(found, "%b %d %H:%M:%S %Y"))


# ---- OCSP ----------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_ocsp_good(real, signer, digest):
    """[RFC 6960 4.2] byKey, the responder's certificate inside, the nonce repeated."""
    text = real.ocsp(digest, "-cert", signer)
    assert "Response verify OK" in text and "signer.pem: good" in text
    assert "Responder Id: " in text and "OCSP No Check" in text and "OCSP Nonce" in text
    assert "WARNING" not in text
    assert time_in(text, "This Update") <= time.mktime(time.gmtime()) < time_in(text, "Next Update")


def test_ocsp_ends_with_the_certificate(real, signer):
    """An answer promises nothing beyond the end of the certificate: nextUpdate is at most notAfter [profile P18]."""
    text = real.ocsp("-cert", signer)
    end = time_in(openssl("x509", "-in", signer, "-noout", "-enddate"), "notAfter")
    assert time_in(text, "Next Update") <= end
    assert "1.3.36.8.3.13" in text  # certHash


def test_ocsp_by_get_is_cacheable(real, signer):
    answer, text = real.ocsp_by_get(signer)
    assert "Response verify OK" in text and "good" in text
    assert "max-age=5" in answer.headers["Cache-Control"] and answer.headers["ETag"]
    assert {"Last-Modified", "Expires"} <= set(answer.headers)


def test_ocsp_below_the_name_of_the_ca(real, signer):
    """At /ocsp/issuing the same is answered, by POST and by GET."""
    text = openssl("ocsp", "-issuer", real.issuing, "-cert", signer, "-url", real.base + "/ocsp/issuing", "-CAfile", real.root, check=False)
    assert "Response verify OK" in text and "good" in text
    request = real.path / "named.der"
    openssl("ocsp", "-issuer", real.issuing, "-cert", signer, "-no_nonce", "-reqout", request)
    answer, octets = real.ask("GET", "/ocsp/issuing/" + urllib.parse.quote(base64.b64encode(request.read_bytes()), safe=""))
    assert answer.status == 200 and len(octets) > 200


def test_the_address_in_the_certificate_answers(real, signer):
    (url,) = openssl("x509", "-in", signer, "-noout", "-ocsp_uri").split()
    assert url.startswith(real.base)
    text = openssl("ocsp", "-issuer", real.issuing, "-cert", signer, "-url", url, "-CAfile", real.root, check=False)
    assert "Response verify OK" in text and "good" in text


def test_ocsp_get_with_raw_slashes(real, signer):
    """Some clients escape nothing."""
    request = real.path / "raw.der"
    openssl("ocsp", "-issuer", real.issuing, "-cert", signer, "-no_nonce", "-reqout", request)
    answer, octets = real.ask("GET", "/ocsp/" + base64.b64encode(request.read_bytes()).decode())
    assert answer.status == 200 and len(octets) > 200


def test_never_good_for_what_was_not_issued(real):
    """[EN 319 411-1 OVR-6.6.3-02]"""
    for _ in range(20):
        serial = "0x40" + os.urandom(19).hex()
        text = real.ocsp("-serial", serial)
        assert "Response verify OK" in text and f"{serial}: unknown" in text


def test_several_certificates_in_one_request(real, signer):
    text = real.ocsp("-cert", signer, "-serial", RANDOM_SERIAL)
    assert "Response verify OK" in text and "signer.pem: good" in text and f"{RANDOM_SERIAL}: unknown" in text


def test_ocsp_for_another_ca(real, signer):
    """[RFC 5019 2.2.3]"""
    assert "unauthorized" in real.ocsp("-cert", signer, issuer=real.root)


@pytest.mark.parametrize("body", [b"", b"\x30", b"\x30\x00", os.urandom(200), b"\x30\x80\x00\x00", b"\x30\x82\xff\xff" + b"a" * 3000])
def test_broken_ocsp_requests(real, body):
    answer, octets = real.ask("POST", "/ocsp", body, "application/ocsp-request")
    assert answer.status == 200 and octets == bytes.fromhex("30030a0101")  # malformedRequest
    target = urllib.parse.quote(base64.b64encode(body), safe="")
    answer, octets = real.ask("GET", "/ocsp/" + target)
    assert answer.status in (200, 405) and (answer.status == 405 or octets == bytes.fromhex("30030a0101"))


@pytest.mark.parametrize("path", ["/ocsp/%00", "/ocsp/!!!!", "/ocsp/MEk", "/ocsp/issuing/../../x", "/ocsp/%zz"])
def test_odd_ocsp_paths(real, path):
    answer, octets = real.ask("GET", path)
    assert answer.status in (200, 400, 404) and (answer.status != 200 or octets == bytes.fromhex("30030a0101"))


def test_media_types_and_sizes(real):
    assert real.ask("POST", "/ocsp", b"x", "text/plain")[0].status == 415
    assert real.ask("POST", "/ocsp", b"x" * 5000, "application/ocsp-request")[0].status == 413
    assert real.ask("PUT", "/ocsp", b"x", "application/ocsp-request")[0].status == 405
    assert real.ask("POST", "/tsa", b"x", "text/plain")[0].status == 415
    assert real.ask("GET", "/tsa")[0].status == 405
    assert real.ask("GET", "/crl/none.crl")[0].status == 404
    assert real.ask("GET", "/crl/..%2fissuing.crl")[0].status == 404
    assert real.ask("POST", "/crl/issuing.crl", b"x")[0].status == 405


# ---- lists and certificates ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["issuing", "root"])
def test_crl(real, name):
    answer, der = real.ask("GET", f"/crl/{name}.crl")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/pkix-crl"
    issuer = real.path / "ca.pem"
    issuer.write_text(real.root.read_text() + real.issuing.read_text())
    text = openssl("crl", "-inform", "der", "-CAfile", issuer, "-noout", "-text", octets=der)
    assert "verify OK" in text and "X509v3 CRL Number" in text
    assert time_in(text, "Last Update") <= time.mktime(time.gmtime()) < time_in(text, "Next Update")


@pytest.mark.parametrize("name", ["issuing", "root"])
def test_ca_certificates(real, name):
    answer, der = real.ask("GET", f"/aia/{name}.cer")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/pkix-cert"
    assert openssl("x509", "-inform", "der", octets=der).strip() == (real.instance / f"public/{name}.pem").read_text().strip()
    assert real.ask("HEAD", f"/aia/{name}.cer")[1] == b""


def test_revocation_is_seen_within_ten_seconds(real, top):
    """Ten seconds are promised (README.md), through the front's cache too; the list follows within ten minutes."""
    pem = real.sign(top)
    assert "good" in real.ocsp_by_get(pem)[1]
    serial = openssl("x509", "-in", pem, "-noout", "-serial").split("=")[1].strip()
    real.paraph("revoke", "--instance", real.instance, "--reason", "key_compromise", serial)
    start = time.monotonic()
    assert wait_until(lambda: "revoked" in real.ocsp_by_get(pem)[1], 10, 0.2)
    assert time.monotonic() - start < 10
    text = real.ocsp("-cert", pem)
    assert "signer.pem: revoked" in text and re.search("key ?compromise", text, re.I) and "Response verify OK" in text
    listed = lambda: serial in openssl("crl", "-inform", "der", "-noout", "-text", octets=real.ask("GET", "/crl/issuing.crl")[1])
    assert wait_until(listed, 60, 1)


# ---- time-stamps -------------------------------------------------------------------------------------------------------------------------

def stamp(real, *arguments, data=b"what is stamped"):
    """The response as openssl prints it, and the files of request and response."""
    request, response, content = (real.path / f"stamp.{e}" for e in ("tsq", "tsr", "txt"))
    content.write_bytes(data)
    openssl("ts", "-query", "-data", content, *arguments, "-out", request)
    answer, octets = real.ask("POST", "/tsa", request.read_bytes(), "application/timestamp-query")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/timestamp-reply"
    response.write_bytes(octets)
    return openssl("ts", "-reply", "-in", response, "-text"), request, response


@pytest.mark.parametrize("digest", ["-sha256", "-sha384", "-sha512"])
def test_time_stamp(real, digest):
    """[RFC 3161, EN 319 422]"""
    text, request, response = stamp(real, digest, "-cert")
    assert "Status: Granted." in text
    assert "Verification: OK" in openssl("ts", "-verify", "-queryfile", request, "-in", response, "-CAfile", real.root)
    found = re.search(r"Time stamp: (.*) GMT", text)[1]
    assert re.search(r"\d\d:\d\d:\d\d(\.\d+)? \d{4}$", found)
    nonce = re.search(r"Nonce: (0x\w+)", openssl("ts", "-query", "-in", request, "-text"))[1]
    assert nonce in text
    assert "Ordering: no" in text and "Accuracy: " in text


def test_time_stamp_without_certificate(real):
    with_one = stamp(real, "-sha256", "-cert")[2].stat().st_size
    text, _, response = stamp(real, "-sha256", "-no_nonce")
    assert "Status: Granted." in text and response.stat().st_size < with_one - 500
    assert "Nonce: unspecified" in text


def test_time_stamp_asked_for_without_null(real):
    """[RFC 3161 2.4.2] The same messageImprint: this one names its digest without parameters, as RFC 5754 prefers."""
    imprint = b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20" + hashlib.sha256(b"what is stamped").digest()
    request, response = real.path / "bare.tsq", real.path / "bare.tsr"
    request.write_bytes(bytes([0x30, 3 + len(imprint) + 3]) + b"\x02\x01\x01" + imprint + b"\x01\x01\xff")
    answer, octets = real.ask("POST", "/tsa", request.read_bytes(), "application/timestamp-query")
    assert answer.status == 200 and imprint in octets
    response.write_bytes(octets)
    assert "Verification: OK" in openssl("ts", "-verify", "-queryfile", request, "-in", response, "-CAfile", real.root)


def test_serial_numbers_of_stamps_never_repeat(real):
    serials = {re.search(r"Serial number: (0x\w+)", stamp(real, "-sha256")[0])[1] for _ in range(20)}
    assert len(serials) == 20


@pytest.mark.parametrize("arguments,failure", [(("-sha1",), "unrecognized or unsupported algorithm"),
                                               (("-sha256", "-tspolicy", "1.2.3.4"), "the requested TSA policy is not supported")])
def test_stamps_that_are_refused(real, arguments, failure):
    text = stamp(real, *arguments)[0]
    assert "Status: Rejected." in text and failure in text


@pytest.mark.parametrize("body", [b"", b"\x30\x00", b"garbage", os.urandom(500)])
def test_broken_stamp_requests(real, body):
    answer, octets = real.ask("POST", "/tsa", body, "application/timestamp-query")
    response = real.path / "broken.tsr"
    response.write_bytes(octets)
    assert answer.status == 200 and "Status: Rejected." in openssl("ts", "-reply", "-in", response, "-text")


# ---- when others are down ------------------------------------------------------------------------------------------------------------------

def test_status_answers_while_core_stands_still(real, signer):
    (core,) = real.server.pids("paraph-core")
    os.kill(core, signal.SIGSTOP)
    try:
        assert "Response verify OK" in real.ocsp("-cert", signer)
        assert "Status: Granted." in stamp(real, "-sha256")[0]
        assert real.ask("GET", "/crl/issuing.crl?fresh")[0].status == 200
    finally:
        os.kill(core, signal.SIGCONT)


def test_without_its_key_process_it_says_try_later(real, signer):
    keys = [p for p in real.server.pids("paraph-keys") if b"role=status" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes()]
    os.kill(keys[0], signal.SIGKILL)
    seen = set()
    def answered():
        text = real.ocsp("-cert", signer)
        seen.add("later" if "trylater" in text.lower() else "good" if "Response verify OK" in text else text)
        return "Response verify OK" in text
    assert wait_until(answered, 15, 0.02)
    assert seen <= {"later", "good"}


def test_one_status_process_less(real, signer):
    os.kill(real.server.pids("paraph-status")[0], signal.SIGKILL)
    for _ in range(10):
        assert "Response verify OK" in real.ocsp("-cert", signer)
    assert wait_until(lambda: len(real.server.pids("paraph-status")) == len(list((real.instance / "run").glob("status-*"))))


def test_what_cannot_be_read_is_not_said_to_be_missing(own_service):
    """Every page of the store but the first two is gone."""
    service = own_service()
    service.start()
    assert service.plain("/aia/root.cer")[0] == 200
    core, = service.pids("paraph-core")
    os.kill(core, signal.SIGSTOP)
    store = service.dir / "status/data.mdb"
    with open(store, "r+b") as f:
        f.seek(2 * 4096)
        f.write(bytes(store.stat().st_size - 2 * 4096))
    status, octets, headers = service.plain("/aia/issuing.cer")
    problem = json.loads(octets)
    assert (status, headers["Content-Type"]) == (503, "application/problem+json") and problem["type"].endswith("/problems/paused"), problem
    assert problem["detail"] == "lists and certificates cannot be read now", problem


# ---- the jail ------------------------------------------------------------------------------------------------------------------------------

def attempt(real, program, act, environment=None):
    arguments = ["index=0"] if program == "paraph-status" else []
    return subprocess.run([real.prefix / "libexec/paraph" / program, f"instance={real.instance}", *arguments, f"--attempt={act}"],
                          env=dict(os.environ, **(environment or {})), capture_output=True, text=True, timeout=30)


@pytest.fixture(scope="module")
def sibling():
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


ACTS = ["read-other:{instance}/db/paraph.db", "write-outside:{outside}/written", "inet-socket:{port}", "execve", "ptrace:{pid}", "signal:{pid}",
        "fork"]


@pytest.mark.parametrize("program", ["paraph-status", "paraph-courier"])
@pytest.mark.parametrize("act", ACTS)
def test_forbidden_acts(real, sibling, program, act, tmp_path):
    """Each is tried by the program itself, in its final state; the same act works when the jail line is skipped."""
    act = act.format(instance=real.instance, outside=tmp_path, port=real.http, pid=sibling)
    inside = attempt(real, program, act)
    assert (inside.returncode, inside.stdout.split()[:1]) == (0, ["denied"]), inside.stdout + inside.stderr
    outside = attempt(real, program, act, {"PARAPH_NO_JAIL": "1"})
    assert (outside.returncode, outside.stdout.split()[:1]) == (1, ["DONE"]), outside.stdout + outside.stderr

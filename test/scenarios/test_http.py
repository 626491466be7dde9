"""HTTP as the shipped nginx configuration and the programs behind it speak it: what every answer carries, and how everything odd is refused.

The instance is of the profile internal, where both ports differ: over TLS pages and API, in the clear OCSP, CRL, CA certificates,
time-stamps and the practice statement alone.
"""
import json
import pathlib
import re
import socket
import ssl
import subprocess

import pytest

import service as service_module
from service import Journey

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTED = set(re.findall(r"^\| `([a-z0-9-]+)` \| \d+ \|", (TOP / "doc/api.md").read_text(), re.M))
HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
           "cross-origin-resource-policy": "same-origin", "strict-transport-security": "max-age=31536000"}
PAGES = ["/openapi.json", "/cps"]


class Internal(service_module.Service):
    """paraph init asks for a name that is not a demo's."""

    def paraph(self, *args, **kwargs):
        more = ("--name", "Test House", "--organisation", "Test House") if args[0] == "init" else ()
        return super().paraph(args[0], *more, *args[1:], **kwargs)

    def mails(self, to=None):
        return [m for m in self.api().get("/dev/mail.json")["messages"] if to is None or m["to"] == to]


@pytest.fixture(scope="module")
def house(prefix):
    s = Internal(prefix, profile="internal", conf={("front", "listen"): "0.0.0.0"}, env={"PARAPH_TEST_CLOCK": "good"})
    s.start()
    yield s
    s.remove()


@pytest.fixture(scope="module")
def signed(house):
    return Journey(house).whole()


class Answer:
    def __init__(self, octets):
        head, _, self.body = octets.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        assert lines[0].startswith("HTTP/1.1 "), octets[:200]
        self.status = int(lines[0].split()[1])
        self.fields = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        if self.get("transfer-encoding") == "chunked":
            whole, rest = b"", self.body
            while rest and (n := int(rest.split(b"\r\n", 1)[0], 16)):
                rest = rest.split(b"\r\n", 1)[1]
                whole, rest = whole + rest[:n], rest[n + 2:]
            self.body = whole

    def get(self, name):
        values = [v for n, v in self.fields if n == name]
        assert len(values) <= 1, f"{name} comes {len(values)} times: {values}"
        return values[0] if values else None


def raw(house, octets, plain=False):
    context = ssl.create_default_context(cafile=house.dir / "public/tls.crt")
    out = b""
    with socket.create_connection(("127.0.0.1", house.http if plain else house.https), timeout=20) as s:
        if not plain:
            s = context.wrap_socket(s, server_hostname="localhost")
        try:
            s.sendall(octets)
            while piece := s.recv(65536):
                out += piece
        except (ConnectionError, ssl.SSLError):  # it was refused before all was sent
            pass
        s.close()
    return Answer(out)


def ask(house, method, target, *fields, body=b"", plain=False, key=None):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *fields]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += [f"Content-Length: {len(body)}"] if body else []
    return raw(house, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, plain)


def problem(answer, status, slug=None):
    """[RFC 9457] with a code that doc/api.md names."""
    assert answer.status == status and answer.get("content-type").startswith("application/problem+json"), (answer.status, answer.fields, answer.body[:200])
    told = json.loads(answer.body)
    found = told["type"].rsplit("/problems/", 1)[1]
    assert told["status"] == status and told["title"].endswith(".") and found in DOCUMENTED, told
    assert slug is None or found == slug, told
    assert answer.get("cache-control") == "no-store"
    return told


def decent(answer, tls=True):
    """What every answer carries, and what none does."""
    for name, value in HEADERS.items():
        assert answer.get(name) == (value if tls or name[0] != "s" else None), name
    policy = answer.get("content-security-policy")
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "object-src 'none'" in policy and "'unsafe-eval'" not in policy
    clean(answer)


def clean(answer):
    assert answer.get("server") == "nginx", "the version is nobody's business"
    assert answer.get("set-cookie") is None and answer.get("x-powered-by") is None
    assert not [n for n, _ in answer.fields if n.startswith("access-control-")]


def routes():
    """(method, path with something for each variable, may anybody ask)"""
    spec = json.loads((TOP / "web/openapi.json").read_text())
    return [(method.upper(), re.sub(r"\{[^}]*\}", "x", path), not op.get("security")) for path, ops in spec["paths"].items() for method, op in ops.items()]


ROUTES = routes()


# ---- every route and page ----

@pytest.mark.parametrize("method, path, public", ROUTES)
def test_each_route(house, method, path, public):
    answer = ask(house, method, path, "Origin: https://other.example")
    decent(answer)
    if answer.status >= 400:
        problem(answer, answer.status)
    else:
        assert public and method == "GET"
        assert answer.get("cache-control") == ("public, max-age=3600" if path.endswith(".pem") else "no-store")
    assert (answer.status == 401) == (not public)
    known = {m for m, p, _ in ROUTES if p == path}
    allowed = [m for m in ("GET", "HEAD", "POST") if m in known or (m == "HEAD" and "GET" in known)]
    for other in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "MADE-UP"} - set(allowed):
        answer = ask(house, other, path, "Origin: https://other.example", "Access-Control-Request-Method: GET")
        decent(answer)
        assert answer.get("allow") == ", ".join(allowed), other
        if other != "HEAD":
            problem(answer, 405, "method-not-allowed")
    for odd in (path + "/", "/" + path, path.replace("/v1/", "/v1//"), path + "%00", path.replace("/v1/", "/v1%2f"), path + "/.", path + "/../x"):
        answer = ask(house, method, odd)
        decent(answer)
        problem(answer, 400 if "%00" in odd else 404)


@pytest.mark.parametrize("path", PAGES)
def test_each_page(house, path):
    answer = ask(house, "GET", path, "Origin: https://other.example")
    assert answer.status == 200 and len(answer.body) > 1000
    decent(answer)
    head = ask(house, "HEAD", path)
    assert head.status == 200 and head.body == b"" and head.get("content-length") == str(len(answer.body))
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        refused = ask(house, method, path)
        decent(refused)
        problem(refused, 405, "method-not-allowed")
        assert refused.get("allow") == "GET, HEAD"


def test_head_is_get_without_a_body(house):
    get, head = ask(house, "GET", "/v1/ca/root.pem"), ask(house, "HEAD", "/v1/ca/root.pem")
    assert get.status == head.status == 200 and head.body == b"" and len(get.body) > 300
    assert {n for n, _ in get.fields} - {"content-length", "transfer-encoding"} == {n for n, _ in head.fields} - {"content-length", "transfer-encoding"}


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_no_server_should_know(house, method):
    answer = ask(house, method, "/v1/health")
    decent(answer)
    problem(answer, 405, "method-not-allowed")
    assert answer.get("allow") == "GET, HEAD, POST"


def test_personal_data_is_never_kept(house, signed):
    """Answers that name somebody, or show a document or a proof."""
    request, session, sender = signed.req["id"], signed.browser.token, house.key("sender")
    for path, key in ((f"/v1/requests/{request}", sender), (f"/v1/requests/{request}/events", sender), (f"/v1/requests/{request}/proof", sender),
                      (f"/v1/requests/{request}/documents/{signed.req['documents'][0]['id']}?version=signed", sender),
                      (f"/v1/registrations/{signed.registration}", house.key("registration")), (f"/v1/files/{signed.file['id']}", sender),
                      ("/s/v1/request", session), ("/s/v1/documents/1", session), ("/s/v1/result", session), ("/s/v1/signed/1", session)):
        answer = ask(house, "GET", path, key=key)
        assert answer.status == 200, (path, answer.body[:200])
        assert answer.get("cache-control") in ("no-store", "private, no-store"), path
        decent(answer)


def test_a_name_that_says_demo(house):
    """No certificate of this instance may: refused before a code is sent, not after consent. A part of it is a name."""
    for over in ({"surname": "DEMO Doe"}, {"given": "DEMO"}):
        with pytest.raises(service_module.Problem) as e:
            Journey(house, **over).register()
        assert (e.value.status, e.value.slug) == (422, "name-does-not-fit")
        assert e.value.body["errors"][0]["pointer"] == ("/surname" if "surname" in over else "/given_name")
    with pytest.raises(service_module.Problem) as e:
        Journey(house).register(organization="ACME DEMO", organization_id="NTRFR-1")
    assert e.value.body["errors"][0]["pointer"] == "/organization"
    assert Journey(house, surname="Demo").register().registration


# ---- bodies ----

@pytest.mark.parametrize("path, kind, role", [("/v1/registrations", "application/json", "registration"), ("/v1/requests", "application/json", "sender"),
                                              ("/v1/files", "application/pdf", "sender"), ("/s/v1/session", "application/json", None)])
def test_bodies_of_another_type_or_too_large(house, path, kind, role):
    key = role and house.key(role)
    for other in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream"):
        answer = ask(house, "POST", path, f"Content-Type: {other}", "Idempotency-Key: one", body=b"{}", key=key)
        decent(answer)
        problem(answer, 415, "unsupported-media-type")
    lines = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nIdempotency-Key: two\r\nContent-Length: 999999999\r\n"
    answer = raw(house, (lines + (f"Authorization: Bearer {key}\r\n" if key else "") + "Connection: close\r\n\r\n").encode())
    decent(answer)
    problem(answer, 413)


# ---- addresses and heads ----

@pytest.mark.parametrize("target, status", [
    ("/nothing", 404), ("/", 404), ("/v1", 404), ("/s/v1", 404), ("/v1/", 404), ("/s/v1/", 404), ("//", 404), ("/%2e%2e/paraph.conf", 400), ("/../paraph.conf", 400),
    ("/..%2fparaph.conf", 400), ("/.served/x", 404), ("/.problem/limit", 404), ("/front.conf", 404), ("/%00", 400), ("/x%00y", 400), ("/%ff", 404),
    ("/v1/%ff", 404), ("/.git/config", 404), ("/openapi.json/", 404), ("/v1/" + "a" * 20000, 414), ("/" + "a" * 9000, 414), ("/v1/%zz", 400)])
def test_addresses_where_nothing_is(house, target, status):
    answer = ask(house, "GET", target)
    decent(answer)
    problem(answer, status)


@pytest.mark.parametrize("field", ["X-A: " + "a" * 9000, "Cookie: " + "a" * 40000, "Host: other", "Content-Length: x", "Transfer-Encoding: gzip"])
def test_heads_that_cannot_be_read(house, field):
    answer = ask(house, "GET", "/v1/health", field)
    decent(answer)
    if answer.status != 501:
        problem(answer, 400, "bad-request")


# ---- TLS ----

def s_client(house, *args):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{house.https}", "-CAfile", house.dir / "public/tls.crt", *args],
                          input="", capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("version, works", [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_versions_of_tls(house, version, works):
    """The client is made to offer the old ones too."""
    r = s_client(house, version, "-cipher", "ALL:@SECLEVEL=0")
    assert (r.returncode == 0 and "Verify return code: 0" in r.stdout) == works, r.stdout + r.stderr


def test_ciphers_of_tls(house):
    """Of all that openssl knows for 1.2, those with forward secrecy and AEAD alone."""
    known = subprocess.run(["openssl", "ciphers", "-tls1_2", "-s", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], check=True, capture_output=True, text=True).stdout.strip().split(":")
    taken = {c for c in known if not c.startswith("TLS_") and s_client(house, "-tls1_2", "-cipher", c + ":@SECLEVEL=0").returncode == 0}
    assert taken and all(re.fullmatch(r"ECDHE-ECDSA-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)", c) for c in taken), taken
    assert len(known) > 30


def test_the_port_of_tls_in_the_clear(house):
    with socket.create_connection(("127.0.0.1", house.https)) as s:
        s.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        octets = b""
        while piece := s.recv(65536):
            octets += piece
    problem(Answer(octets), 400, "bad-request")


# ---- the port in the clear ----

def test_in_the_clear_there_is_nothing_but_what_relying_parties_need(house):
    for method, path, _ in ROUTES + [("GET", page, True) for page in ("/", "/openapi.json", "/dev/mail", "/dev/mail.json", "/nothing", "/..%2fx", "/" + "a" * 9000)]:
        answer = ask(house, method, path, plain=True)
        decent(answer, tls=False)
        assert answer.status in (404, 400, 414, 405), path
        problem(answer, answer.status)
    for path in ("/crl/root.crl", "/crl/issuing.crl", "/aia/root.cer", "/aia/issuing.cer", "/cps", "/ocsp/x"):
        answer = ask(house, "GET", path, plain=True)
        assert answer.status == 200, path
        clean(answer)
        assert answer.get("x-content-type-options") == "nosniff" and answer.get("strict-transport-security") is None


@pytest.mark.parametrize("plain", [True, False])
def test_errors_of_status(house, plain):
    """OCSP, time-stamps and files refuse as the API does."""
    for method, path, allow in (("PUT", "/ocsp", "GET, HEAD, POST"), ("GET", "/ocsp", "GET, HEAD, POST"), ("GET", "/tsa", "POST"), ("OPTIONS", "/tsa", "POST"),
                                ("POST", "/crl/issuing.crl", "GET, HEAD"), ("DELETE", "/aia/issuing.cer", "GET, HEAD")):
        answer = ask(house, method, path, plain=plain)
        problem(answer, 405, "method-not-allowed")
        clean(answer)
        assert answer.get("allow") == allow and answer.get("x-content-type-options") == "nosniff"
        assert answer.get("strict-transport-security") == (None if plain else "max-age=31536000")
    for path in ("/ocsp", "/tsa"):
        problem(ask(house, "POST", path, "Content-Type: text/plain", body=b"x", plain=plain), 415, "unsupported-media-type")
        problem(ask(house, "POST", path, "Content-Type: application/ocsp-request", body=b"x" * 9000, plain=plain), 413, "limit")
    for path in ("/crl/nope.crl", "/aia/nope.cer", "/aia/issuing.pem", "/crl/", "/tsa/"):
        problem(ask(house, "GET", path, plain=plain), 404, "not-found")


def test_the_catcher_is_open_to_this_machine_alone(house):
    """It shows every link and code; in a profile that is no demo, nobody else may look, not even by the address of this machine."""
    assert ask(house, "GET", "/dev/mail").status == 200
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    own = [a for a in addresses if "." in a and not a.startswith("127.")]
    conf = (house.dir / "front/site.conf").read_text()
    assert re.search(r"location /dev/mail \{\s*allow 127\.0\.0\.1;\s*allow ::1;\s*deny all;", conf)
    for address in own[:1]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection((address, house.https), timeout=10)) as s:
            s.sendall(b"GET /dev/mail.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            octets = b""
            while piece := s.recv(65536):
                octets += piece
        problem(Answer(octets), 404, "not-found")

"""paraph sign against a service of the test's own, which does what none of ours would: what the client does then."""
import hashlib
import http.server
import json
import os
import resource
import signal
import subprocess
import threading

import pytest

PERSON = ("--given-name", "Jane", "--surname", "Doe", "--email", "jane.doe@example.org")
SIGNED, RESULTS = b"%PDF-signed " + b"x" * 300_000, {"contract-signed.pdf", "contract-proof.json", "contract-root.pem"}


class Stub:
    """The calls that paraph sign makes, answered from a table; keys of callers are noted. `at` is called before an answer."""

    def __init__(self, document):
        self.keys, self.at, stub = {}, {}, self
        sha256 = hashlib.sha256(document).hexdigest()
        self.answers = {
            "/v1/files": {"id": "file_1", "pages": 1, "page_width": 595, "page_height": 842}, "/v1/registrations": {"id": "reg_1"},
            "/v1/requests": {"id": "req_1", "documents": [{"id": "doc_1"}]}, "/s/v1/session": {"session": "s"}, "/s/v1/code": {}, "/s/v1/code/try": {},
            "/s/v1/request": {"shown": {"documents": [{"sha256": sha256}]}, "consent_sha256": sha256}, "/s/v1/documents/1": document,
            "/s/v1/consent": {}, "/s/v1/sign": {"status": "signed"}, "/s/v1/signed/1": SIGNED, "/v1/requests/req_1/proof": b"{}", "/v1/ca/root.pem": b"root"}
        self.mails = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub.keys[self.path] = self.headers.get("Authorization", "").removeprefix("Bearer ")
                status, answer = stub.answer(self.path)
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:len(body) // 2])
                self.wfile.flush()
                stub.at.get(self.path, lambda: None)()
                self.wfile.write(body[len(body) // 2:])

            do_GET = do_POST = do

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path):
        text = {"/v1/requests": "https://localhost/s#" + "t" * 43, "/s/v1/code": "the code is 123456 today"}.get(path)
        if text:
            self.mails.insert(0, {"n": len(self.mails) + 1, "to": "jane.doe@example.org", "text": text})
        if path == "/dev/mail.json":
            return 200, {"messages": self.mails}
        answer = self.answers[path]
        return answer if isinstance(answer, tuple) else (200, answer)


@pytest.fixture
def stub(top):
    it = Stub((top / "share/sample/contract.pdf").read_bytes())
    yield it
    it.server.shutdown()


@pytest.fixture
def keys(tmp_path):
    """The files of two API keys, and an instance that has two others."""
    (tmp_path / "i/admin").mkdir(parents=True)
    (tmp_path / "i/paraph.conf").write_text("[instance]\noid_arc = 2.25.1\n")
    for name in ("sender", "registration"):
        (tmp_path / f"{name}.key").write_text(f"given-{name}")
        (tmp_path / f"i/admin/{name}.key").write_text(f"kept-{name}")
    return tmp_path


@pytest.fixture
def sign(prefix, top, stub, keys):
    """Signs the sample into out/: exit status, the lines of standard error."""
    out = keys / "out"
    out.mkdir()

    def run(*words, service=("--sender-key", keys / "sender.key", "--registration-key", keys / "registration.key"), **kwargs):
        r = subprocess.run([prefix / "bin/paraph", "sign", "--url", stub.url, *service, "--catcher", *PERSON, "--out", out, *words,
                            top / "share/sample/contract.pdf"], capture_output=True, timeout=60, **kwargs)
        return r.returncode, r.stderr.decode(errors="replace").splitlines()
    run.out = out
    return run


def names(folder):
    return {p.name for p in folder.iterdir()}


def test_it_signs(sign):
    assert sign() == (0, []) and names(sign.out) == RESULTS
    assert (sign.out / "contract-signed.pdf").read_bytes() == SIGNED


@pytest.mark.parametrize("given, wanted", [
    ((), ("kept-sender", "kept-registration")), (("sender",), ("given-sender", "kept-registration")),
    (("registration",), ("kept-sender", "given-registration")), (("sender", "registration"), ("given-sender", "given-registration"))])
def test_each_part_has_its_own_key(sign, stub, keys, given, wanted):
    """What is not given comes from the instance: nobody is registered with the key of the sender."""
    assert sign(service=("--instance", keys / "i", *(word for name in given for word in (f"--{name}-key", keys / f"{name}.key")))) == (0, [])
    assert (stub.keys["/v1/files"], stub.keys["/v1/registrations"]) == wanted
    assert stub.keys["/v1/requests"] == wanted[0] and stub.keys["/s/v1/session"] == ""


def test_without_an_instance_both_keys_are_named(sign, stub, keys):
    status, told = sign(service=("--sender-key", keys / "sender.key"))
    assert status == 64 and "--registration-key" in told[0] and stub.keys == {}, told


@pytest.mark.parametrize("over", [False, True])
def test_what_somebody_puts_there_meanwhile_stays(sign, stub, over):
    """It was not there when the places of the results were looked at."""
    mine = sign.out / "contract-proof.json"
    stub.at["/v1/requests/req_1/proof"] = lambda: mine.write_text("mine")
    status, told = sign(*(["--overwrite"] if over else []))
    if over:
        assert status == 0 and mine.read_bytes() == b"{}" and names(sign.out) == RESULTS, told
    else:
        assert status == 1 and "contract-proof.json" in told[-1] and "exists" in told[-1] and "req_1 is signed" in told[0], told
        assert mine.read_text() == "mine" and names(sign.out) == {"contract-signed.pdf", "contract-proof.json"}


def test_a_file_system_that_cannot_rename_without_replacing(sign, stub, keys):
    """As some network file systems are: links do the same."""
    (keys / "old.c").write_text("#include <errno.h>\nint renameat2(int a, const char *b, int c, const char *d, unsigned e);\n"
                                "int renameat2(int a, const char *b, int c, const char *d, unsigned e)\n"
                                "{ (void)a, (void)b, (void)c, (void)d, (void)e; errno = EINVAL; return -1; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", keys / "old.so", keys / "old.c"], check=True)
    env = dict(os.environ, LD_PRELOAD=str(keys / "old.so"), ASAN_OPTIONS="verify_asan_link_order=0")
    assert sign(env=env) == (0, []) and names(sign.out) == RESULTS
    for path in sign.out.iterdir():
        path.unlink()
    stub.at["/v1/requests/req_1/proof"] = lambda: (sign.out / "contract-proof.json").write_text("mine")
    assert sign(env=env)[0] == 1
    assert (sign.out / "contract-proof.json").read_text() == "mine" and names(sign.out) == {"contract-signed.pdf", "contract-proof.json"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_half_a_result_goes_with_who_is_stopped(prefix, top, stub, keys, number):
    seen, go_on = threading.Event(), threading.Event()
    stub.at["/s/v1/signed/1"] = lambda: (seen.set(), go_on.wait(30))
    (keys / "out").mkdir()
    p = subprocess.Popen([prefix / "bin/paraph", "sign", "--url", stub.url, "--sender-key", keys / "sender.key", "--registration-key",
                          keys / "registration.key", "--catcher", *PERSON, "--out", keys / "out", top / "share/sample/contract.pdf"],
                         stdout=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    try:
        assert seen.wait(30) and len(names(keys / "out")) == 1
        p.send_signal(number)
        assert p.wait(30) == -number and names(keys / "out") == set()
    finally:
        go_on.set()
        p.kill()
        p.wait()


def test_no_room_for_a_result_is_no_fault_of_the_service(sign, stub):
    """A file of more than 100,000 octets cannot be written, as on a disk that is full."""
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    status, told = sign(preexec_fn=small)
    assert status == 1 and f"writing {sign.out}/contract-signed.pdf: File too large" in told[-1] and stub.url not in told[-1], told
    assert names(sign.out) == set()


@pytest.mark.parametrize("answer", [
    {"title": "No\x1b]0;x\x07\x9b31m.", "detail": "\u202egnp\r\nparaph: done", "type": "/x\x1b[2J"}, b"\x1b[31m\xc2\x9b\r\n\xff", {"title": "\u00e9t\u00e9"}])
def test_nothing_that_a_service_says_steers_the_terminal(prefix, top, sign, stub, answer):
    stub.answers["/v1/files"] = (500, answer)
    status, told = sign()
    assert status == 1 and len(told) == 1 and told[0].startswith("paraph: "), told
    assert not any(ord(c) < 0x20 or 0x7f <= ord(c) <= 0x9f or c in "\u202e\ufffd" for c in told[0]), told
    assert "\u00e9t\u00e9" in told[0] or answer != {"title": "\u00e9t\u00e9"}


@pytest.mark.parametrize("page, good", [("1", True), ("02", True), ("2147483647", True), ("0", False), ("-1", False), ("1.9", False), ("1e300", False),
                                        ("2147483648", False), ("99999999999999999999", False), ("one", False), ("1 ", False), ("", False)])
def test_a_page_is_a_whole_number(sign, stub, page, good):
    status, told = sign("--page", page)
    assert (status == 0) if good else (status == 64 and "--page" in told[0] and stub.keys == {}), told

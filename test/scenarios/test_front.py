"""The shipped nginx configuration and paraphd, with stub programs behind them: what a client can do to the front, and what the front
and the supervisor do when programs end."""
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from stage import Server, StubService, place, wait_until

SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def service(prefix):
    with place() as path:
        stub = StubService(prefix, path, "[policy]\ndocument_mb = 32\n")
        stub.server.start()
        yield stub
        assert stub.server.stop() == 0


@pytest.fixture
def own(prefix):
    """A service that a test may hurt; start it with own()."""
    started = []
    with place() as path:
        def make(**options):
            started.append(StubService(prefix, path, **options))
            return started[-1]
        yield make
        for stub in started:
            stub.server.stop()


def ask(service, method, path, body=None, headers=None, port=None):
    c = http.client.HTTPConnection("127.0.0.1", port or service.http, timeout=30)
    c.request(method, path, body=body, headers=headers or {})
    answer = c.getresponse()
    octets = answer.read()
    c.close()
    return answer, octets


# ---- requests that two readers understand in two ways --------------------------------------------------------------------

def post(*fields, body=SMUGGLED, ends=b"\r\n"):
    head = [b"POST /v1/outer HTTP/1.1"] + list(fields)
    return ends.join(head) + ends + ends + body


HOST = b"Host: localhost"
LENGTH = b"Content-Length: %d" % len(SMUGGLED)
CHUNKED = b"0\r\n\r\n" + SMUGGLED
AMBIGUOUS = {
    "length and chunked": post(HOST, b"Content-Length: %d" % len(CHUNKED), b"Transfer-Encoding: chunked", body=CHUNKED),
    "two lengths": post(HOST, b"Content-Length: 0", LENGTH),
    "length list": post(HOST, b"Content-Length: 0, %d" % len(SMUGGLED)),
    "length with a sign": post(HOST, b"Content-Length: +%d" % len(SMUGGLED)),
    "last coding is not chunked": post(HOST, b"Transfer-Encoding: chunked, identity", body=CHUNKED),
    "unknown coding": post(HOST, b"Transfer-Encoding: xchunked", b"Content-Length: 0"),
    "bare LF": post(HOST, LENGTH, ends=b"\n"),
    "bare CR": post(HOST, b"X-A: b\rContent-Length: 0", LENGTH),
    "NUL": post(HOST, b"X-A: b\0c", LENGTH),
    "folded line": post(HOST, b"Transfer-Encoding:\r\n chunked", LENGTH, body=CHUNKED),
    "no host": post(LENGTH),
    "two hosts": post(HOST, b"Host: other.example", LENGTH),
    "space before the colon": post(HOST, b"Content-Length : 0", LENGTH),
    "chunk size out of range": post(HOST, b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n" + SMUGGLED),
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_ambiguous_request_is_never_two(service, kind):
    """[libraries: kinds of ambiguity]"""
    before = len(service.requests())
    service.raw(AMBIGUOUS[kind], patience=1.0)
    seen = service.requests()[before:]
    assert "/v1/smuggled" not in seen
    assert len(seen) <= 1
    answer, _ = ask(service, "GET", "/v1/after")
    assert answer.status == 200


def test_one_that_is_two_is_noticed(service):
    """The test above can fail: two plain requests do arrive as two."""
    before = len(service.requests())
    service.raw(b"GET /v1/first HTTP/1.1\r\nHost: localhost\r\n\r\n" + SMUGGLED, patience=1.0)
    assert service.requests()[before:] == ["/v1/first", "/v1/smuggled"]


@pytest.mark.parametrize("target", ["/v1/../dev/mail", "/v1/%2e%2e/x", "//v1/x", "/%2e/v1/x", "/.served/x", "/v1%2fx"])
def test_odd_paths_reach_core_raw_or_not_at_all(service, target):
    """Core judges the path as it stood in the request line, whatever nginx made of it to choose a location."""
    before = len(service.requests())
    service.raw(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % target.encode())
    assert service.requests()[before:] in ([], [target])


def test_only_named_header_fields_pass(service):
    answer, body = ask(service, "GET", "/v1/x", headers={"X-Forwarded-For": "6.6.6.6", "Authorization": "Bearer a", "Proxy": "http://x",
                                                         "Remote-Addr": "6.6.6.6", "Idempotency-Key": "k"})
    params = json.loads(body)["params"]
    assert params["HTTP_AUTHORIZATION"] == "Bearer a" and params["HTTP_IDEMPOTENCY_KEY"] == "k"
    assert params["REMOTE_ADDR"] == "127.0.0.1"
    assert not {"HTTP_X_FORWARDED_FOR", "HTTP_PROXY", "HTTP_REMOTE_ADDR"} & set(params)


# ---- sizes and speed ---------------------------------------------------------------------------------------------------------

def test_large_header_is_refused(service):
    before = len(service.requests())
    answer = service.raw(b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * (1 << 20) + b"\r\n\r\n")
    assert not answer or answer.split()[1] in (b"400", b"414", b"431", b"494")
    assert service.requests()[before:] == []


@pytest.mark.parametrize("size,status", [(256 * 1024, 200), (256 * 1024 + 1, 413), (25 * 1024 * 1024, 413)])
def test_limit_of_plain_bodies(service, size, status):
    try:
        answer, body = ask(service, "POST", "/v1/x", body=b"a" * size)
    except ConnectionError:  # the answer went out and the connection was closed while we were still sending
        assert status == 413
        return
    assert answer.status == status
    if status == 413:
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert json.loads(body)["status"] == 413


def memory_of(pids):
    return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{p}/status").read_text())[1]) for p in pids)


def front_pids(service):
    master = service.server.pids("nginx")
    return [int(p) for p in subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout.split("\n")[1:] if p
            for p in [p.split()[0]] if int(p) in master or parent(int(p)) in master]


def parent(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def test_document_is_streamed_whole(service):
    """30 MB arrive as they were sent; the front keeps none of it, neither in memory nor on disk."""
    document = os.urandom(1 << 20) * 30
    before = memory_of(front_pids(service))
    answer, body = ask(service, "POST", "/v1/files", body=document)
    assert answer.status == 200
    got = json.loads(body)
    assert got["size"] == len(document) and got["sha256"] == hashlib.sha256(document).hexdigest()
    assert memory_of(front_pids(service)) - before < 8 * 1024
    assert list((service.instance / "front/tmp").iterdir()) == []


def test_chunked_document(service):
    pieces = [b"a" * 70000, b"b" * 70000]
    answer, body = ask(service, "POST", "/v1/files", body=iter(pieces))
    assert answer.status == 200 and json.loads(body)["size"] == 140000
    assert json.loads(body)["params"]["CONTENT_LENGTH"] == ""


def test_document_above_the_limit_is_refused_before_it_is_sent(service):
    before = len(service.records("head"))
    head = b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (1 << 30)
    assert service.raw(head).split()[1] == b"413"
    assert len(service.records("head")) == before


def test_broken_upload_never_becomes_a_request(service):
    before, gone = len(service.requests()), len(service.records("gone"))
    with socket.create_connection(("127.0.0.1", service.http)) as s:
        s.sendall(b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n" + b"a" * 1000000)
        time.sleep(0.3)
    assert wait_until(lambda: len(service.records("gone")) > gone)
    assert service.requests()[before:] == []


def cut_after(port, first, drip, patience):
    """Seconds until the front closes a connection on which octets drip in, one a second."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(first)
        s.settimeout(1.0)
        while time.monotonic() - start < patience:
            try:
                if drip:
                    s.sendall(b"a")
                if s.recv(1000) == b"":
                    return time.monotonic() - start
            except TimeoutError:
                pass
            except ConnectionError:
                return time.monotonic() - start
    return None


def test_slow_clients_are_cut_and_others_served(service):
    """200 clients that send their head by the octet are gone after 10 s; meanwhile others wait no longer than 500 ms."""
    with concurrent.futures.ThreadPoolExecutor(220) as pool:
        slow = [pool.submit(cut_after, service.http, b"GET /v1/x HTTP/1.1\r\nX-A: ", True, 16) for _ in range(200)]
        still = [pool.submit(cut_after, service.http, b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", False, 22)
                 for _ in range(10)]
        waits = []
        for _ in range(60):
            start = time.monotonic()
            assert ask(service, "GET", "/v1/quick")[0].status == 200
            waits.append(time.monotonic() - start)
            time.sleep(0.1)
        assert sorted(waits)[-1] < 0.5
        assert all(f.result() is not None and f.result() < 13 for f in slow)
        assert all(f.result() is not None and f.result() < 20 for f in still)


# ---- caches, files, headers, logs ------------------------------------------------------------------------------------------------

def test_ocsp_by_get_is_kept_five_seconds(service):
    first = ask(service, "GET", "/ocsp/kept")[1]
    assert ask(service, "GET", "/ocsp/kept")[1] == first
    assert ask(service, "GET", "/ocsp/other")[1] != first
    posted = [ask(service, "POST", "/ocsp/kept", body=b"x")[1] for _ in range(2)]
    assert posted[0] != posted[1]
    time.sleep(6)
    assert ask(service, "GET", "/ocsp/kept")[1] != first


def test_served_files(service):
    served = service.instance / "served"
    (served / "granted").write_bytes(b"0123456789")
    (served / "granted").chmod(0o644)
    answer, body = ask(service, "GET", "/v1/served/granted")
    assert answer.status == 200 and body == b"0123456789" and answer.headers["Content-Type"] == "application/pdf"
    answer, body = ask(service, "GET", "/v1/served/granted", headers={"Range": "bytes=2-4"})
    assert answer.status == 206 and body == b"234"
    assert ask(service, "GET", "/.served/granted")[0].status == 404
    (served / "link").symlink_to("/etc/hostname")
    assert ask(service, "GET", "/v1/served/link")[0].status in (403, 404)
    assert ask(service, "GET", "/v1/served/..%2f..%2fparaph.conf")[0].status in (400, 403, 404)


def test_pages_say_what_browsers_must_not_do(service):
    headers = ask(service, "GET", "/v1/x")[0].headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "nginx"


def test_logs_hold_no_tokens(service):
    ask(service, "GET", "/v1/requests/tok-77c1d9?code=tok-77c1d9", headers={"Authorization": "Bearer tok-77c1d9"})
    ask(service, "GET", "/s/tok-77c1d9")
    ask(service, "GET", "/ocsp/tok-77c1d9")
    log = service.instance / "front/log/access.log"
    assert wait_until(lambda: '"path":"/v1/requests"' in log.read_text(), 5)
    for path in [log, service.instance / "log/paraph.log"]:
        assert "tok-77c1d9" not in path.read_text()


def test_tls(service):
    context = ssl.create_default_context(cafile=service.instance / "front/tls.crt")
    c = http.client.HTTPSConnection("localhost", service.https, context=context)
    c.request("GET", "/v1/x")
    params = json.loads(c.getresponse().read())["params"]
    assert params["HTTPS"] == "on" and c.sock.version() in ("TLSv1.3", "TLSv1.2")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", service.https)) as s:
        old.wrap_socket(s)


def test_no_answer_of_core_does_not_claim_that_nothing_was_done(own):
    stub = own()
    stub.server.start()
    answer, body = ask(stub, "GET", "/v1/silent")
    assert answer.status == 503 and json.loads(body)["type"].endswith("/problems/no-answer") and answer.headers["Retry-After"] == "5"
    assert json.loads(body)["title"].startswith("The service gave no answer; what was asked may still be done.")
    assert ask(stub, "GET", "/ocsp/x")[0].status == 200


# ---- paraphd -----------------------------------------------------------------------------------------------------------------------

def test_programs_get_what_they_need_and_nothing_else(service):
    starts = {(pathlib.Path(r["arguments"][0]).name, *[a for a in r["arguments"] if a.startswith(("role", "index"))]): r
              for r in service.records("start")}
    wanted = {
        ("paraph-keys", "role=issuing"): {"control", "core-keys", "keys-courier", "plan-key"},
        ("paraph-keys", "role=status"): {"control", "status-keys-0", "status-keys-1"},
        ("paraph-status", "index=0"): {"control", "core-status-0", "status-keys-0", "fcgi"},
        ("paraph-status", "index=1"): {"control", "core-status-1", "status-keys-1", "fcgi"},
        ("paraph-document",): {"control", "core-document", "plan-key"},
        ("paraph-courier",): {"control", "core-courier", "keys-courier", "fcgi"},
        ("paraph-core",): {"control", "core-keys", "core-document", "core-courier", "core-status-0", "core-status-1", "fcgi"},
    }
    assert set(starts) == set(wanted)
    for program, names in wanted.items():
        arguments = dict(a.split("=", 1) for a in starts[program]["arguments"][1:])
        assert {n for n, v in arguments.items() if v.isdigit() and n != "index"} == names
        # 0 to 2, what is named, and the one with which the stub lists them
        assert len(starts[program]["fds"]) <= 3 + len(names) + 2
    if os.geteuid() == 0:
        users = {program: r["uid"] for program, r in starts.items()}
        assert len(set(users.values())) == 6 and 0 not in users.values()
        assert starts[("paraph-core",)]["groups"] == [64100] and starts[("paraph-status", "index=0")]["groups"] == []


def test_a_key_of_an_earlier_version_is_passed_over_and_told(own):
    stub = own(extra_conf="[policy]\nbackdate_seconds = 60\n")
    stub.server.start()
    assert ask(stub, "GET", "/v1/x")[0].status == 200
    (line,) = [json.loads(row) for row in (stub.instance / "log/paraph.log").read_text().splitlines() if "configuration-key-unused" in row]
    assert line["key"] == "backdate_seconds"


def test_a_program_that_ends_is_started_again_and_its_peers_get_new_channels(own):
    stub = own()
    stub.server.start()
    (core,) = stub.server.pids("paraph-core")
    os.kill(core, signal.SIGKILL)
    assert wait_until(lambda: len([r for r in stub.records("start") if "paraph-core" in r["arguments"][0]]) == 2)
    assert wait_until(lambda: len(stub.records("control")) == 5)
    assert all(r["fds"] == 1 for r in stub.records("control"))
    names = {bytes.fromhex(r["message"])[4:].decode() for r in stub.records("control")}
    assert names == {"core-keys", "core-document", "core-courier", "core-status-0", "core-status-1"}
    assert wait_until(lambda: ask(stub, "GET", "/v1/x")[0].status == 200)


def starts_of(stub, program):
    return len([r for r in stub.records("start") if program in r["arguments"][0]])


def test_core_may_have_the_readers_of_the_status_store_started_anew(own):
    """A status process that was taken over may hold the store's lock: a restart of status ends it."""
    stub = own(environment={"PARAPH_TEST_STALL": "paraph-core"})
    stub.server.start()
    assert wait_until(lambda: starts_of(stub, "paraph-status") == 4, 60)
    assert starts_of(stub, "paraph-core") == 1 and "status-store-locked" in stub.server.log()


def test_nobody_else_may(own):
    stub = own(environment={"PARAPH_TEST_STALL": "paraph-courier"})
    stub.server.start()
    assert wait_until(lambda: starts_of(stub, "paraph-courier") == 2, 60)
    assert starts_of(stub, "paraph-status") == 2


def test_nginx_is_started_again(own):
    stub = own()
    stub.server.start()
    (master,) = stub.server.pids("nginx")
    os.kill(master, signal.SIGKILL)
    def answers():
        try:
            return stub.server.pids("nginx") != [master] and ask(stub, "GET", "/v1/x")[0].status == 200
        except OSError:
            return False
    assert wait_until(answers, 15)


def test_stopping_leaves_nothing_behind(own):
    stub = own()
    stub.server.start()
    cache = pathlib.Path("/dev/shm/paraph-front-" + hashlib.sha256(str(stub.instance).encode()).hexdigest()[:16])
    assert ask(stub, "GET", "/ocsp/x")[0].status == 200
    assert any(p.is_file() for p in cache.rglob("*")) or not os.path.ismount("/dev/shm")
    assert stub.server.pids()
    assert stub.server.stop() == 0
    assert stub.server.pids() == []
    assert [p.name for p in (stub.instance / "run").iterdir()] == ["lock"]
    assert not cache.exists()


def descriptors(pid):
    return {int(name) for name in os.listdir(f"/proc/{pid}/fd")}


def limit_free(pid, n):
    """From now on the process gets n descriptors more."""
    used, limit = descriptors(pid), 0
    while n > 0:
        n -= limit not in used
        limit += 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))


def test_a_start_that_fails_takes_no_descriptors(own):
    """First there is none for anything, then for its channels, and none for its log."""
    stub = own()
    stub.server.start()
    pid = stub.server.process.pid
    whole, limits = len(descriptors(pid)), resource.prlimit(pid, resource.RLIMIT_NOFILE)
    failures = lambda: re.findall('"start-failed".*?"detail":"(.*?)"', stub.server.log())
    (courier,) = stub.server.pids("paraph-courier")
    limit_free(pid, 1)
    os.kill(courier, signal.SIGKILL)
    assert wait_until(lambda: len(failures()) >= 2)
    assert wait_until(lambda: len(descriptors(pid)) == whole - 2), failures()  # its control and its log
    limit_free(pid, 5)
    assert wait_until(lambda: failures().count("a pipe for the log: Too many open files") >= 3)
    assert wait_until(lambda: len(descriptors(pid)) == whole - 2), failures()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    assert wait_until(lambda: starts_of(stub, "paraph-courier") == 2 and len(descriptors(pid)) == whole)


def test_whoever_starts_it_may_ignore_the_end_of_children(own):
    """As some service managers and shells do: what ends is noticed all the same."""
    stub = own()
    kept = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        stub.server.start()
    finally:
        signal.signal(signal.SIGCHLD, kept)
    (core,) = stub.server.pids("paraph-core")
    os.kill(core, signal.SIGKILL)
    assert wait_until(lambda: starts_of(stub, "paraph-core") == 2)
    assert stub.server.stop() == 0


# A machine may have no IPv6 at all.
ADDRESSES = ["127.0.0.2", "0.0.0.0"] + (["[::1]", "[::]"] if os.path.exists("/proc/net/if_inet6") else [])


@pytest.mark.parametrize("listen", ADDRESSES)
def test_it_is_ready_at_every_address(own, listen):
    stub = own(extra_conf=f"listen = {listen}\n[instance]\nprofile = internal\n[organisation]\nname = Test House\ncommon_name = Test House\n")
    stub.server.start()
    for port in (stub.http, stub.https):
        socket.create_connection((listen.strip("[]").replace("0.0.0.0", "127.0.0.1"), port), timeout=5).close()
    with socket.socket(socket.AF_INET6 if "[" in listen else socket.AF_INET) as other:
        other.bind((listen.strip("[]"), 0))
        other.listen()
        port = other.getsockname()[1]
        conf = stub.instance / "paraph.conf"
        stub.server.stop()
        conf.write_text(re.sub(r"(?m)^http_port.*$", f"http_port = {port}", conf.read_text()))
        process = subprocess.run([stub.prefix / "bin/paraphd", stub.instance], env=stub.server.environment, capture_output=True, text=True, timeout=60)
    assert process.returncode == 1 and f"port {port} of {listen} is in use" in process.stderr, process


def test_programs_end_with_paraphd_however_it_ends(own):
    stub = own()
    stub.server.start()
    stub.server.process.kill()
    stub.server.process.wait()
    assert wait_until(lambda: stub.server.pids() == [], 10)


def test_only_one_paraphd_for_an_instance(own):
    stub = own()
    stub.server.start()
    second = subprocess.run([stub.prefix / "bin/paraphd", stub.instance], env=stub.server.environment, capture_output=True, text=True,
                            timeout=20)
    assert second.returncode == 1 and "is running already" in second.stderr
    assert ask(stub, "GET", "/v1/x")[0].status == 200


@pytest.mark.parametrize("which", ["https_port", "http_port"])
def test_a_port_of_another_program_is_named(own, which):
    """Its answer is not taken for ours; a port that becomes free meanwhile is."""
    stub = own()
    conf = (stub.instance / "paraph.conf").read_text()
    port = int(re.search(rf"^{which}\s*=\s*(\d+)", conf, re.M).group(1))
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        process = subprocess.run([stub.prefix / "bin/paraphd", stub.instance], env=stub.server.environment, capture_output=True,
                                 text=True, timeout=60)
        assert (process.returncode, process.stdout) == (1, "") and f"port {port} of 127.0.0.1 is in use" in process.stderr, process
        threading.Timer(1, other.close).start()
        stub.server.start()
    assert ask(stub, "GET", "/v1/x")[0].status == 200


def low_ports(stub):
    """Two free ports that only root may open, in its configuration."""
    def is_free(port):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return True
    conf = stub.instance / "paraph.conf"
    https, http = [port for port in range(1023, 500, -1) if is_free(port)][:2]
    conf.write_text(conf.read_text().replace(f"https_port = {stub.https}", f"https_port = {https}").replace(f"http_port = {stub.http}", f"http_port = {http}"))
    stub.https, stub.http = https, http


ROOTS_PORTS = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
PRIVILEGED = [pytest.mark.skipif(os.geteuid() != 0, reason="only root opens these ports"), pytest.mark.skipif(ROOTS_PORTS < 1024, reason="anybody may open them here")]
NET_BIND = 1 << 10  # [capabilities(7)]


def capabilities(pid):
    return {m[0]: int(m[1], 16) for m in re.findall(r"(Cap\w+):\t(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text())}


@pytest.mark.parametrize("low", [pytest.param(True, marks=PRIVILEGED), pytest.param(False, marks=PRIVILEGED[:1])])
def test_the_front_keeps_one_right_of_root_for_ports_below_1024(own, low):
    """And only then; no other program keeps any, and it ends with paraphd all the same."""
    stub = own()
    if low:
        low_ports(stub)
    stub.server.start()
    right = NET_BIND if low else 0
    fronts = front_pids(stub)
    assert len(fronts) >= 3 and ask(stub, "GET", "/v1/x")[0].status == 200  # master and workers
    for pid in {*fronts, *stub.server.pids()}:
        has = capabilities(pid)
        assert {has[c] for c in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {right if pid in fronts else 0}, (pid, has)
        assert "NoNewPrivs:\t1" in pathlib.Path(f"/proc/{pid}/status").read_text() or pid not in fronts
    assert capabilities(stub.server.process.pid)["CapEff"] & NET_BIND == right
    os.kill(stub.server.pids("nginx")[0], signal.SIGTERM)
    assert wait_until(lambda: len(again := front_pids(stub)) >= 3 and not set(again) & set(fronts))
    assert ask(stub, "GET", "/v1/x")[0].status == 200
    stub.server.process.kill()
    assert wait_until(lambda: not stub.server.pids("nginx"))


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.skipif(ROOTS_PORTS < 1024, reason="anybody may open these ports here")
def test_a_port_that_only_root_may_open_is_named(own):
    stub = own()
    low_ports(stub)
    for path in [stub.instance, *stub.instance.rglob("*")]:
        os.chown(path, 65534, 65534)
    process = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", stub.prefix / "bin/paraphd", stub.instance],
                             env=stub.server.environment, capture_output=True, text=True, timeout=60)
    assert (process.returncode, process.stdout, process.stderr.count("\n")) == (1, "", 1), process
    assert f"port {stub.https} of 127.0.0.1" in process.stderr and "as root" in process.stderr and "from 1024 on" in process.stderr, process


def test_a_program_that_cannot_start_is_named(own):
    stub = own(environment={"PARAPH_TEST_BROKEN": "paraph-document"})
    process = subprocess.run([stub.prefix / "bin/paraphd", stub.instance], env=stub.server.environment, capture_output=True, text=True,
                             timeout=60)
    assert process.returncode == 1
    assert "paraph-document does not start" in process.stderr and "the moon is in the wrong place" in process.stderr


def test_a_fault_point_goes_to_the_first_start_only(own):
    stub = own(environment={"PARAPH_FAULT_CORE": "some-point@2"})
    stub.server.start()
    (core,) = stub.server.pids("paraph-core")
    os.kill(core, signal.SIGKILL)
    faults = lambda: [r["fault"] for r in stub.records("start") if "paraph-core" in r["arguments"][0]]
    assert wait_until(lambda: len(faults()) == 2) and faults() == ["some-point@2", None]
    assert all(r["fault"] is None for r in stub.records("start") if "paraph-core" not in r["arguments"][0])


def test_the_service_manager_is_told(own, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        stub = own(environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        stub.server.start()
        assert manager.recv(100) == b"READY=1"
        stub.server.stop()
        assert manager.recv(100) == b"STOPPING=1"


# ---- the jail of nginx, from outside --------------------------------------------------------------------------------------------------

def leak(stub):
    """Has nginx read its configuration again with one that serves what is not its own; what comes of it."""
    secret = stub.instance / "db"
    secret.mkdir(exist_ok=True)
    (secret / "paraph.db").write_text("secret")
    secret.chmod(0o755)
    (secret / "paraph.db").chmod(0o644)
    site = stub.instance / "front/site.conf"
    site.write_text(site.read_text() + f'location /leak-db/ {{ alias "{secret}/"; }}\nlocation /leak-etc/ {{ alias /etc/; }}\n')
    (master,) = stub.server.pids("nginx")
    os.kill(master, signal.SIGHUP)
    wait_until(lambda: ask(stub, "GET", "/leak-etc/none")[0].status != 404 or None, 2)
    return [ask(stub, "GET", p)[0].status for p in ("/leak-db/paraph.db", "/leak-etc/hostname")]


def test_nginx_reads_nothing_but_its_own(own):
    stub = own()
    stub.server.start()
    for pid in front_pids(stub):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"NoNewPrivs:\s+1", status)
        if os.geteuid() == 0:
            assert re.search(r"Uid:\s+64100\s", status)
    assert leak(stub) == [404, 404]  # to a stranger what is closed is not there; the log says which it is
    assert wait_until(lambda: stub.server.log().count("(13: Permission denied)") >= 2, 5)


def test_without_the_jail_it_would(own):
    """What the test above relies on: the same attempt works when the jail line is skipped."""
    stub = own(environment={"PARAPH_NO_JAIL": "1"})
    stub.server.start()
    assert leak(stub) == [200, 200]

"""Every check of `paraph doctor` is broken once and must then say `failed` (the clock of a demo: `warning`), and `ok` before.

What a test breaks it says with @breaks, in the words of the calls in doctor.c (`checks_run`). What the test returns must show
that check as bad; the last test fails when a call of checks_run is broken by none.
"""
import base64
import contextlib
import datetime
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

import service as service_module

BROKEN = set()


def breaks(*calls, state="failed"):
    """The test returns what doctor said: {check: (state, details)}. Each call is "CHECK" or "CHECK WORD", where WORD stands in the detail."""
    BROKEN.update(calls)

    def of(test):
        @functools.wraps(test)
        def run(*args, **kwargs):
            told = test(*args, **kwargs)
            for call in calls:
                check, _, word = call.partition(" ")
                bad = [detail for c, s, detail in told if c == check and s == state]
                assert any(word in detail for detail in bad), (call, told)
        return run
    return of


@pytest.fixture(scope="module")
def sick(prefix):
    """A service of this module's own, which its tests harm and heal."""
    s = service_module.Service(prefix)
    s.start()
    yield s
    s.kill()
    s.remove()


def findings(service, directory=None, env=None, seconds=100, failure=1):
    """Every line of doctor as (check, state, detail). The exit status is the documented one, and a failure names a next step."""
    start = time.monotonic()
    r = subprocess.run([service.prefix / "bin/paraph", "doctor", "--json", directory or service.dir], capture_output=True, text=True,
                       env=dict(service.env, **(env or {})), timeout=seconds)
    answer = json.loads(r.stdout)
    told = [(c["check"], c["state"], c["detail"]) for c in answer["checks"]]
    worst = max((s for _, s, _ in told), key=["ok", "warning", "failed"].index)
    assert r.returncode == (failure if worst == "failed" else 0) and answer["state"] == worst, (r.returncode, told)
    assert r.stderr == "" and time.monotonic() - start < seconds
    for check, state, detail in told:
        assert detail and (state == "ok" or ":" in detail), (check, state, detail)
    return told


def doctor(service, directory=None):
    """What is said of each check: the worst, when there are several."""
    told = {}
    for check, state, _ in findings(service, directory):
        told[check] = max(told.get(check, "ok"), state, key=["ok", "warning", "failed"].index)
    return told


def failed(told, check):
    return [detail for c, state, detail in told if c == check and state == "failed"]


@contextlib.contextmanager
def replaced(path, data):
    old, mode = path.read_bytes(), path.stat().st_mode & 0o7777
    path.chmod(0o644)
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(old)
        path.chmod(mode)


def of_role(service, program, role):
    return [p for p in service.pids(program) if role.encode() in pathlib.Path(f"/proc/{p}/cmdline").read_bytes().split(b"\0") or not role]


def ended(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@contextlib.contextmanager
def gone(service, pids):
    """The processes are killed, and paraphd, which would start them anew, is held."""
    assert pids
    os.kill(service.server.pid, signal.SIGSTOP)
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # nginx' workers go with their master
                os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 5
        while not all(ended(pid) for pid in pids):
            assert time.monotonic() < until
            time.sleep(0.02)
        yield
    finally:
        os.kill(service.server.pid, signal.SIGCONT)


def well(service, seconds=40):
    """Waits until nothing fails any more."""
    until = time.monotonic() + seconds
    while "failed" in (told := doctor(service)).values():
        assert time.monotonic() < until, told
        time.sleep(0.5)
    return told


def test_nothing_fails_in_a_healthy_service(sick):
    told = well(sick)
    assert set(told) == {"modes", "disk", "clock", "sockets", "programs", "jails", "certificates", "crl", "aia", "ocsp", "keys", "keystore"}
    assert {c for c, state in told.items() if state != "ok"} <= {"clock", "keystore"}


@pytest.mark.parametrize("folder", ["db", "keys/issuing", "admin", "courier"])
@breaks("modes")
def test_modes(sick, folder):
    path = sick.dir / folder
    mode = path.stat().st_mode & 0o7777
    path.chmod(0o777)
    try:
        told = findings(sick)
        assert folder in failed(told, "modes")[0]
        return told
    finally:
        path.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@breaks("modes db")
def test_owners(sick):
    st = (sick.dir / "db").stat()
    os.chown(sick.dir / "db", 12345, st.st_gid)
    try:
        return findings(sick)
    finally:
        os.chown(sick.dir / "db", st.st_uid, st.st_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
@breaks("disk make room")
def test_disk(sick):
    """The instance seen through a copy on a file system of 48 MB."""
    small = sick.place / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0711", "tmpfs", small], check=True)
    try:
        subprocess.run(["cp", "-a", sick.dir, small / "i"], check=True)
        return findings(sick, small / "i")
    finally:
        subprocess.run(["umount", "-l", small], check=True)


CLOCK = r"""
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
int adjtimex(struct timex *t)
{
	memset(t, 0, sizeof *t);
	t->status = atoi(getenv("CLOCK_STATUS"));
	t->maxerror = atol(getenv("CLOCK_ERROR_US"));
	return t->status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}
"""


@pytest.fixture(scope="module")
def kernel_says(sick):
    """What the kernel says of its clock, in the test's words: machines differ, and none can be made to lose its time."""
    (sick.place / "clock.c").write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", sick.place / "clock.so", sick.place / "clock.c"], check=True)
    return lambda status, error_us: {"LD_PRELOAD": str(sick.place / "clock.so"), "CLOCK_STATUS": str(status), "CLOCK_ERROR_US": str(error_us),
                                     "ASAN_OPTIONS": "verify_asan_link_order=0"}


@pytest.mark.parametrize("status, error_us, word", [(0x40, 0, "not synchronised"), (0, 100_000_000, "the error is too large")])
@breaks("clock", state="warning")
def test_clock(sick, kernel_says, status, error_us, word):
    assert [s for c, s, _ in findings(sick, env=kernel_says(0, 1000)) if c == "clock"] == ["ok"]
    told = findings(sick, env=kernel_says(status, error_us))
    assert any(c == "clock" and word in detail for c, _, detail in told)
    return told


def end_in_the_past(folder):
    """A certificate that was good in January 2020 only."""
    conf = folder / "ca.conf"
    (folder / "index").write_text("")
    conf.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
                    "[p]\ncommonName=supplied\n[req]\ndistinguished_name=n\nprompt=no\n[n]\nCN=DEMO ended\n")
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key", "-config",
                    conf, "-out", folder / "csr"], check=True, capture_output=True)
    subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", conf, "-keyfile", folder / "key", "-in", folder / "csr", "-out", folder / "pem",
                    "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-notext"], check=True, capture_output=True)
    return subprocess.run(["openssl", "x509", "-in", folder / "pem", "-outform", "DER"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("data", ["ended", "garbage", "gone"])
@breaks("certificates root", "certificates issuing", "certificates tsu", "certificates seal")
def test_certificates(sick, tmp_path, data):
    told = []
    for name in ("root", "issuing", "tsu", "seal"):
        with replaced(sick.dir / f"public/{name}.cer", end_in_the_past(tmp_path) if data == "ended" else b"garbage"):
            if data == "gone":
                (sick.dir / f"public/{name}.cer").unlink()
            now = findings(sick)
        assert len(failed(now, "certificates")) == 1 and name in failed(now, "certificates")[0]
        told += now
    return told


@pytest.mark.parametrize("name, other", [("issuing", "root"), ("root", "issuing")])
def test_lists_and_answers_of_another_ca(sick, name, other):
    """The service serves lists, certificates and answers of a CA that is not the one in public/."""
    with replaced(sick.dir / f"public/{name}.cer", (sick.dir / f"public/{other}.cer").read_bytes()):
        told = findings(sick)
    assert len(failed(told, "aia")) == 1 and f"/aia/{name}.cer" in failed(told, "aia")[0]
    assert len(failed(told, "crl")) == 1 and f"/crl/{name}.crl" in failed(told, "crl")[0]
    assert bool(failed(told, "ocsp")) == (name == "issuing")


# ---- a public address that lies: what doctor fetches comes from a CA of the test ------------------------------------------

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


class Liar:
    """Root and issuing CA in one; serves lists, certificates and OCSP as told. A copy of an instance names it as base_url."""

    def __init__(self, service, place):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "DEMO liar")])
        self.ca = (x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name).public_key(self.key.public_key())
                   .serial_number(4711).not_valid_before(NOW - DAY).not_valid_after(NOW + 9000 * DAY)
                   .add_extension(x509.BasicConstraints(True, None), True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
                   .sign(self.key, hashes.SHA256()))
        self.der = self.ca.public_bytes(serialization.Encoding.DER)
        self.crl_times = self.ocsp_times = (NOW - HOUR, NOW + HOUR)
        self.status, self.slow = ocsp.OCSPCertStatus.REVOKED, 0
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(liar.slow)
                body = liar.crl() if self.path.startswith("/crl/") else liar.der if self.path.startswith("/aia/") else liar.answer(self.path)
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.dir = place / "lied-to"
        shutil.copytree(service.dir, self.dir, symlinks=True, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
        for name in ("root", "issuing"):
            (self.dir / f"public/{name}.cer").unlink()
            (self.dir / f"public/{name}.cer").write_bytes(self.der)
        text, n = re.subn(r"(?m)^;?[ \t]*base_url[ \t]*=.*$", f"base_url = http://127.0.0.1:{self.server.server_port}", (self.dir / "paraph.conf").read_text())
        assert n == 1
        (self.dir / "paraph.conf").unlink()
        (self.dir / "paraph.conf").write_text(text)

    def crl(self):
        return (x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(self.crl_times[0]).next_update(self.crl_times[1])
                .add_extension(x509.CRLNumber(7), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
                .sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))

    def answer(self, path):
        asked = ocsp.load_der_ocsp_request(base64.b64decode(urllib.parse.unquote(path.removeprefix("/ocsp/"))))
        revoked = self.status == ocsp.OCSPCertStatus.REVOKED
        return (ocsp.OCSPResponseBuilder()
                .add_response_by_hash(asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number, asked.hash_algorithm, self.status,
                                      self.ocsp_times[0], self.ocsp_times[1], NOW - HOUR if revoked else None, None)
                .responder_id(ocsp.OCSPResponderEncoding.HASH, self.ca).sign(self.key, hashes.SHA256())
                .public_bytes(serialization.Encoding.DER))


@pytest.fixture
def liar(sick, tmp_path):
    it = Liar(sick, tmp_path)
    truth = findings(sick, it.dir)
    assert not failed(truth, "crl") and not failed(truth, "aia") and not failed(truth, "ocsp"), truth
    yield it
    it.server.shutdown()


@breaks("crl /crl/issuing.crl is too old", "crl /crl/root.crl is too old: nothing is signed until somebody runs paraph ceremony root-crl")
def test_age_of_lists(sick, liar):
    liar.crl_times = (NOW - 9 * DAY, NOW - DAY)
    return findings(sick, liar.dir)


@breaks("crl run paraph ceremony root-crl", state="warning")
def test_the_end_of_the_roots_list_is_near(sick, liar):
    """An operator has to make the next one: he hears of it in the last quarter, not when nothing can be signed any more."""
    liar.crl_times = (NOW - 134 * DAY, NOW + 46 * DAY)
    assert {s for c, s, _ in findings(sick, liar.dir) if c == "crl"} == {"ok"}
    liar.crl_times = (NOW - 22 * DAY, NOW + 8 * DAY)
    assert {s for c, s, _ in findings(sick, liar.dir) if c == "crl"} == {"ok"}
    for ago, left in [(136, 44), (24, 6), (2, 1)]:
        liar.crl_times = (NOW - ago * DAY, NOW + left * DAY)
        told = [(s, detail) for c, s, detail in findings(sick, liar.dir) if c == "crl"]
        assert [(s, "/crl/root.crl" in detail) for s, detail in told] == [("ok", False), ("warning", True)], told
    return findings(sick, liar.dir)


@breaks("crl /crl/issuing.crl", "crl /crl/root.crl", "aia /aia/issuing.cer", "aia /aia/root.cer")
def test_list_and_certificate_of_somebody_else(sick, liar):
    liar.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "DEMO other")])
    liar.der = (sick.dir / "public/tsu.cer").read_bytes()
    return findings(sick, liar.dir)


def test_forged_list_and_answer(sick, liar):
    liar.key = ec.generate_private_key(ec.SECP256R1())
    told = findings(sick, liar.dir)
    assert len(failed(told, "crl")) == 2 and len(failed(told, "ocsp")) == 1


@breaks("ocsp never issued is called good")
def test_ocsp_that_calls_everything_good(sick, liar):
    liar.status = ocsp.OCSPCertStatus.GOOD
    return findings(sick, liar.dir)


@breaks("ocsp not of now")
def test_old_answer_of_ocsp(sick, liar):
    liar.ocsp_times = (NOW - 9 * DAY, NOW - DAY)
    return findings(sick, liar.dir)


def test_an_address_that_never_answers_is_a_finding_and_no_wait_for_ever(sick, liar):
    liar.slow = 90
    told = findings(sick, liar.dir, seconds=25)
    assert len(failed(told, "crl")) == 2 and len(failed(told, "aia")) == 2 and len(failed(told, "ocsp")) == 1


@breaks("keystore", state="failed")
def test_software_keystore_in_production(sick, liar):
    """A demo cannot become production by its configuration; what production would be told is seen in a copy with other names."""
    text = (liar.dir / "paraph.conf").read_text()
    for pattern, value in [(r"(?m)^profile[ \t]*=.*$", "profile = production"), ("DEMO", "Example"), (r"(?m)^base_url[ \t]*=.*$", "base_url = http://pki.example.org"),
                           (r"(?s)(\[mail\].*?\ntransport = )catcher", r"\1smtp"), (r"(?s)(\[sms\].*?\ntransport = )catcher", r"\1none"),
                           (r"(?m)^host[ \t]*=.*$", "host = mail.example.org")]:
        text = re.sub(pattern, value, text)
    (liar.dir / "paraph.conf").write_text(text)
    return findings(sick, liar.dir)


# ---- programs that are missing or hang -----------------------------------------------------------------------------------

MISSING = [
    ("paraph-core", "", "core cannot be asked", None),
    ("paraph-keys", "role=issuing", "paraph-keys role=issuing does not answer core", None),
    ("paraph-keys", "role=status", "paraph-keys role=status or all of paraph-status", "ocsp"),
    ("paraph-document", "", "paraph-document does not answer core", None),
    ("paraph-courier", "", "paraph-courier does not answer core", None),
    ("paraph-status", "index=0", None, None),
    ("nginx", "", "core cannot be asked", "crl"),
]


def named(program, role):
    return f"{program} {role}".strip() + " is not running: "


@pytest.mark.parametrize("program, role, means, fetched", MISSING, ids=[f"{m[0]} {m[1]}".strip() for m in MISSING])
@breaks("programs is not running: if paraphd does not start it within a minute, see ")
def test_program_that_is_gone(sick, program, role, means, fetched):
    well(sick)
    with gone(sick, of_role(sick, program, role)):
        told = findings(sick)
        missing = failed(told, "programs")
        assert len(missing) == 1 and missing[0].startswith(named(program, role)) and str(sick.dir / "log") in missing[0], told
        if means:
            assert any(means in detail for detail in failed(told, "keys")), told
        if fetched:
            assert failed(told, fetched), told
        text = sick.paraph("doctor", sick.dir, check=False)
        assert text.returncode == 1 and named(program, role) in text.stdout
    well(sick)
    return told


@breaks("keys paraph-keys role=issuing does not answer core")
def test_keys(sick):
    with gone(sick, of_role(sick, "paraph-keys", "role=issuing")):
        told = findings(sick)
    well(sick)
    return told


@pytest.mark.parametrize("program, role, means, fetched", [m for m in MISSING if m[0] not in ("paraph-status", "paraph-document")],
                         ids=lambda v: v)
def test_program_that_hangs(sick, program, role, means, fetched):
    well(sick)
    pids = of_role(sick, program, role)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        told = findings(sick)
        assert any(means in detail for detail in failed(told, "keys")) and not failed(told, "programs"), told
        assert not fetched or failed(told, fetched), told
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    well(sick)


@pytest.mark.parametrize("end", ["stop", "kill"])
@breaks("programs paraphd is not running: run paraph serve ", "jails no program runs")
def test_stopped_service(sick, end):
    sick.stop() if end == "stop" else sick.kill()
    try:
        told = findings(sick)
        assert {c for c, state, _ in told if state == "failed"} == {"sockets", "programs", "jails", "crl", "aia", "ocsp", "keys"}
        for program, role, _, _ in MISSING:
            assert any(d.startswith(named(program, role) + "run paraph serve ") for d in failed(told, "programs")), told
        return told
    finally:
        if end == "kill":
            sick.stop()
        sick.start()


@pytest.mark.parametrize("words", [("paraph", "serve", "i"), ("paraph", "serve", "./i//"), ("paraph", "serve", "link"), ("paraph", "serve", "i/paraph.conf"),
                                   ("paraphd", "i"), ("paraphd", "link/paraph.conf")], ids=" ".join)
def test_service_that_was_started_by_another_name(sick, words):
    """Whoever runs doctor names the directory, and not as the one who started the service did."""
    (sick.place / "link").symlink_to("i")
    sick.stop()
    sick.start(words=words)
    try:
        well(sick)
        assert findings(sick, sick.place / "link") and not failed(findings(sick, sick.dir / "paraph.conf"), "programs")
        assert words[0] == "paraphd" or sick.server.pid in sick.pids("paraphd")  # ps tells whose it is
    finally:
        sick.stop()
        (sick.place / "link").unlink()
        sick.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@breaks("programs paraph-core is not running: ", "programs nginx is not running: ", "programs paraphd is not running: ")
def test_processes_of_somebody_else_do_not_count(sick):
    """Anybody may call a process what he likes: it neither stands for a program of the service nor is blamed for having no jail."""
    names = [["paraphd", "-c", "read x", str(sick.dir)], ["nginx: master process nginx", "-c", "read x", "-p", f"{sick.dir}/front", "-c", "x"],
             *([p, "-c", "read x", f"instance={sick.dir}", role] for p, role, _, _ in MISSING if p not in ("nginx",))]
    names[1][0] += f" -p {sick.dir}/front -c x"
    sick.stop()
    others = [subprocess.Popen(words, executable="/bin/sh", stdin=subprocess.PIPE, user=65534, group=65534) for words in names]
    try:
        told = findings(sick)
        assert any("no program runs" in d for d in failed(told, "jails")) and len(failed(told, "programs")) >= len(MISSING) + 1, told
        sick.start()
        well(sick)
        return told
    finally:
        for p in others:
            p.kill()
            p.communicate()
        if sick.server is None:
            sick.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_root_looks_at_the_instance_of_an_ordinary_user(prefix):
    """All of it is his: root, who looks, is told of nothing, and is told of what really is not his."""
    s = service_module.Service(prefix, wrap=["true"])  # makes the folders only
    try:
        shutil.rmtree(s.dir, ignore_errors=True)
        os.chown(s.place, 65534, 65534)
        s.wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        s.paraph("init", "--https-port", s.https, "--http-port", s.http, s.dir)
        s.start()
        assert {c for c, state in well(s).items() if state != "ok"} <= {"clock", "keystore"}
        os.chown(s.dir / "db", 0, 0)
        assert "chown 65534 " in failed(findings(s), "modes")[0]
    finally:
        s.kill()
        s.remove()


@pytest.mark.parametrize("name", ["core", "courier", "status-0"])
@breaks("sockets start the service anew")
def test_socket_that_is_gone(sick, name):
    well(sick)
    path = sick.dir / f"run/{name}.sock"
    path.rename(path.with_suffix(".away"))
    try:
        told = findings(sick)
        assert len(failed(told, "sockets")) == 1 and f"run/{name}.sock" in failed(told, "sockets")[0]
        return told
    finally:
        path.with_suffix(".away").rename(path)


@breaks("jails is not confined")
def test_jails(sick):
    """All programs run, but unconfined (a switch that only builds with fault hooks have)."""
    sick.stop()
    sick.start(env={"PARAPH_NO_JAIL": "1"})
    try:
        told = findings(sick)
        assert not failed(told, "sockets")
        assert {detail.split(" ")[0] for detail in failed(told, "jails")} == {program for program, *_ in MISSING} | {"paraphd"}, told
    finally:
        sick.stop()
        sick.start()
    assert doctor(sick)["jails"] == "ok"
    return told


@pytest.mark.parametrize("harm", ["no instance", "no configuration", "nonsense"])
def test_without_an_instance_there_is_one_finding(sick, tmp_path, harm):
    if harm != "no instance":
        shutil.copytree(sick.dir / "public", tmp_path / "i/public")
    if harm == "nonsense":
        (tmp_path / "i/paraph.conf").write_text("nonsense = 1\n")
    told = findings(sick, tmp_path / "i", failure=1 if harm == "nonsense" else 66)
    assert [(c, s) for c, s, _ in told] == [("instance", "failed")]


@pytest.mark.parametrize("name", [b"no-\xff-text", "é".encode() * 300, b"x" + "é".encode() * 300], ids=["octets", "long", "longer"])
def test_a_finding_about_any_name_is_told(sick, tmp_path, name):
    """Octets that are no UTF-8, and a detail that is cut inside a character."""
    words = b"/".join(name[i:i + 200] for i in range(0, len(name), 200))
    r = subprocess.run([sick.prefix / "bin/paraph", "doctor", "--json", tmp_path / os.fsdecode(words)], capture_output=True, text=True)
    answer = json.loads(r.stdout)
    assert (r.returncode, answer["state"], r.stderr) == (66, "failed", "")
    assert [(c["check"], c["state"]) for c in answer["checks"]] == [("instance", "failed")] and str(tmp_path) in answer["checks"][0]["detail"]


CALL = re.compile(r'^\t(?:finding_result|fetched)\(p(?:->findings)?, "(\w+)", \w+\(p(?:, "([^"]+)")?|^\t(\w+)_(?:check|note)\(p(?:, "([^"]+)")?', re.M)
NAMES = {"end": "certificates", "key": "keys"}


def test_every_check_has_a_test_that_breaks_it(top):
    source = (top / "src/cli/doctor.c").read_text()
    body = re.search(r"^checks_run\(.*?^}", source, re.M | re.S).group()
    statements = [line for line in body.splitlines() if re.match(r"\t\w+\(", line) and "programs_find" not in line]
    calls = [(m[1] or NAMES.get(m[3], m[3]), m[2] or m[4] or "") for m in CALL.finditer(body)]
    assert len(calls) == len(statements) >= 17, (calls, statements)
    for check, what in calls:
        assert any(b.partition(" ")[0] == check and what in b.partition(" ")[2] for b in BROKEN), f"no test breaks {check} {what}"
    printed = set(re.findall(r'(?:finding_add\(\w+->findings, [^,;]+?, |finding_result\(\w+->findings, |fetched\(p, )"(\w+)"', source))
    printed |= set(re.findall(r'finding_add\(p\.findings, \w+, "(\w+)"', source)) - {"instance"}
    assert printed == {c for c, _ in calls}, printed

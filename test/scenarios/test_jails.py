"""Each jailed program tries forbidden acts itself, in its final state, as root and as an ordinary user, and is denied. With the
jail line skipped the same acts work, which proves that this test can turn red. Needs a build with fault hooks."""
import ctypes
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

import service as service_module

ORDINARY = 65534
PROGRAMS = {
    "core": ["libexec/paraph/paraph-core", "instance={dir}"],
    "keys-issuing": ["libexec/paraph/paraph-keys", "instance={dir}", "role=issuing"],
    "keys-status": ["libexec/paraph/paraph-keys", "instance={dir}", "role=status"],
    "keys-root": ["libexec/paraph/paraph-keys", "instance={dir}", "role=root", "ceremony-keys=0"],
    "status": ["libexec/paraph/paraph-status", "instance={dir}", "index=0"],
    "document-parent": ["libexec/paraph/paraph-document", "instance={dir}", "stage=parent"],
    "document-child": ["libexec/paraph/paraph-document", "instance={dir}"],
    "courier": ["libexec/paraph/paraph-courier", "instance={dir}"],
    "courier-outward": ["libexec/paraph/paraph-courier", "instance={outward}"],
    "audit": ["libexec/paraph/paraph-audit", "{dir}"],
    "paraphd": ["bin/paraphd", "{dir}"],
}
# What is somebody's work is not forbidden to him: the parent of the document children forks, a courier with a mail server
# elsewhere has sockets, and paraphd, whom no stranger's octet reaches, starts all the others.
ALLOWED = {"document-parent": {"fork"}, "courier-outward": {"inet-socket"}, "paraphd": {"read-other", "inet-socket", "execve", "fork"}}
# What belongs to somebody else, and where to write: never the folder of the program itself.
OTHERS = {name: ("keys/issuing/keystore", "keys/issuing/planted") for name in PROGRAMS}
OTHERS["keys-issuing"] = ("keys/status/keystore", "keys/status/planted")
# A process of no importance that may be traced by all of its user, also where the kernel (Yama) asks for consent.
VICTIM = "import ctypes, time; ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1)); print('here', flush=True); time.sleep(900)"


def landlock():
    """The version of the kernel's Landlock; signals are its matter since 6."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


class Place:
    """An instance that is not running, made by and for one user, and a process of that user to signal and to trace."""

    def __init__(self, prefix, uid):
        self.user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid != os.geteuid() else []
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="paraph-jails-"))
        os.chown(self.path, uid, -1)
        self.path.chmod(0o755)
        self.prefix = self.path / "program"
        shutil.copytree(prefix, self.prefix, symlinks=True)
        for folder, _, _ in os.walk(self.prefix):
            os.chmod(folder, 0o755)
        self.dir, self.outside = self.path / "i", self.path / "outside"
        self.run([str(self.prefix / "bin/paraph"), "init", "--profile", "demo", "--https-port", str(service_module.free_port()),
                  "--http-port", str(service_module.free_port()), str(self.dir)]).check_returncode()
        self.run(["mkdir", str(self.outside)]).check_returncode()
        # The same instance with a mail server elsewhere: courier then has sockets, and nothing else that is new.
        self.outward = self.path / "o"
        self.run(["cp", "-a", str(self.dir), str(self.outward)]).check_returncode()
        conf = self.outward / "paraph.conf"
        text = conf.read_text()
        conf.chmod(0o644)
        conf.write_text(re.sub(r"(?m)^;?\s*host\s*=.*$", "host = mail.example.org", re.sub(r"(?m)^;?\s*transport\s*=.*$", "transport = smtp", text, count=1), count=1))
        self.victim = subprocess.Popen(self.user + [sys.executable, "-c", VICTIM], stdout=subprocess.PIPE)
        assert self.victim.stdout.readline() == b"here\n"

    def run(self, arguments, env=None):
        return subprocess.run(self.user + arguments, capture_output=True, text=True, env=dict(os.environ, **(env or {})), timeout=60)

    def attempt(self, name, act, env=None):
        program, *arguments = (a.format(dir=self.dir, outward=self.outward) for a in PROGRAMS[name])
        r = self.run([str(self.prefix / program), *arguments, f"--attempt={act}"], env)
        return r.returncode, r.stdout.split(" ")[0].strip(), r.stdout + r.stderr

    def acts(self, name):
        """All seven but what is this program's work; a program writes to the folder of another, paraphd outside the instance."""
        other, planted = OTHERS[name]
        outside = self.outside / name if name == "paraphd" else self.dir / planted
        acts = [f"read-other:{self.dir}/{other}", f"write-outside:{outside}", "inet-socket:9", "execve", f"ptrace:{self.victim.pid}",
                f"signal:{self.victim.pid}", "fork"]
        allowed = ALLOWED.get(name, set()) | ({"signal"} if name == "paraphd" and landlock() < 6 else set())
        return [act for act in acts if act.split(":")[0] not in allowed], pathlib.Path(outside)

    def close(self):
        self.victim.kill()
        self.victim.wait()
        shutil.rmtree(self.path, ignore_errors=True)


@pytest.fixture(scope="module", params=["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"])
def place(request, prefix):
    p = Place(prefix, 0 if request.param == "root" else ORDINARY if os.geteuid() == 0 else os.geteuid())
    yield p
    p.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_forbidden_acts_are_denied(place, name):
    acts, planted = place.acts(name)
    for act in acts:
        status, said, text = place.attempt(name, act)
        assert (status, said) == (0, "denied"), f"{name}: {act}: {text}"
    assert place.victim.poll() is None
    assert not planted.exists()


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_the_jail_they_work(place, name):
    """Every one of them, so that each would turn the test above red."""
    acts, planted = place.acts(name)
    try:
        for act in acts:
            status, said, text = place.attempt(name, act, {"PARAPH_NO_JAIL": "1"})
            assert (status, said) == (1, "DONE"), f"{name}: {act}: {text}"
        assert planted.read_bytes() == b"x"
    finally:
        planted.unlink(missing_ok=True)


@pytest.mark.parametrize("jailed", [True, False])
def test_the_front_reads_and_writes_nothing_else(place, jailed):
    """nginx from outside: a configuration that would give away any file, and write one wherever a stranger says, cannot."""
    site = place.prefix / "share/paraph/nginx/site.conf"
    kept = site.read_text()
    log = place.outside / f"front-{jailed}"
    log.mkdir(mode=0o777)
    log.chmod(0o777)
    site.write_text(kept + f"location /leak/ {{ alias /; }}\nlocation /write {{ root /usr/lib; access_log {log}/$arg_n; return 204; }}\n")
    server = subprocess.Popen(place.user + [str(place.prefix / "bin/paraph"), "serve", str(place.dir)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=dict(os.environ, **({} if jailed else {"PARAPH_NO_JAIL": "1"})), start_new_session=True)
    try:
        assert b"ready" in server.stdout.readline()
        port = int(re.search(r"(?m)^http_port\s*=\s*(\d+)", (place.dir / "paraph.conf").read_text()).group(1))

        def get(path):
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            c.request("GET", path)
            r = c.getresponse()
            answer = r.status, r.read()
            c.close()
            return answer
        status, body = get("/leak/etc/passwd")
        assert get("/write?n=planted")[0] == 204
        until = time.monotonic() + (1 if jailed else 10)  # nginx logs after its answer
        while time.monotonic() < until and not (log / "planted").exists():
            time.sleep(0.05)
        if jailed:
            assert status in (403, 404) and b"root:" not in body
            assert list(log.iterdir()) == []
        else:
            assert status == 200 and b"root:" in body
            assert (log / "planted").exists()
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()
        site.write_text(kept)


def test_every_running_process_is_confined(service):
    """From outside: NoNewPrivs everywhere, a seccomp filter in all programs of ours; nginx has the front's own user."""
    seen = set()
    for pid in service.pids():
        fields = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        name = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode().split(":")[0].rsplit("/", 1)[-1]
        if pid == service.server.pid or name in ("paraph", "paraphd"):
            continue  # the supervisor reads nobody's octets and must start the others
        seen.add(name)
        assert fields["NoNewPrivs"] == "1", name
        assert name == "nginx" or fields["Seccomp"] == "2", name
        assert os.geteuid() != 0 or fields["Uid"].split()[0] != "0", f"{name} runs as root"
    assert seen == {"nginx", "paraph-core", "paraph-keys", "paraph-status", "paraph-document", "paraph-courier"}


@pytest.mark.parametrize("path", ["db/paraph.db", "admin/sender.key", "paraph.conf", "keys/issuing/keystore", "front/tls.key", "log/paraph.log"])
def test_nothing_else_is_served(service, path):
    """Neither by name, nor through the folders that are served, however the way up is written."""
    secret = (service.dir / path).read_bytes()[:64]
    assert len(secret) >= 16
    for target in (f"/{path}", f"/static/../{path}", f"/static/..%2f{path}", f"/aia/..%2f{path}", f"/static/%2e%2e/{path}", f"/served/../{path}",
                   f"/static..//{path}", f"/served/{path}", f"/static/{service.dir}/{path}"):
        c = http.client.HTTPConnection("127.0.0.1", service.http, timeout=20)
        c.putrequest("GET", target, skip_host=False)
        c.endheaders()
        r = c.getresponse()
        body = r.read()
        c.close()
        assert r.status >= 400, target
        assert secret not in body

"""Each jailed program tries forbidden acts itself, in its final state, as root and as an ordinary user, and is denied. With the
jail line skipped the same acts work, which proves that this test can turn red. Needs a build with fault hooks."""
import http.client
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import service as service_module

ORDINARY = 65534
PROGRAMS = {
    "core": ["paraph-core", "instance={dir}"],
    "keys-issuing": ["paraph-keys", "instance={dir}", "role=issuing"],
    "keys-status": ["paraph-keys", "instance={dir}", "role=status"],
    "status": ["paraph-status", "instance={dir}", "index=0"],
    "document": ["paraph-document", "instance={dir}"],
    "courier": ["paraph-courier", "instance={dir}"],
    "audit": ["paraph-audit", "{dir}"],
}
# What belongs to somebody else, and where to write: never the folder of the program itself.
OTHERS = {name: ("keys/issuing/keystore", "keys/issuing/planted") for name in PROGRAMS}
OTHERS["keys-issuing"] = ("keys/status/keystore", "keys/status/planted")


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
        self.victim = subprocess.Popen(self.user + ["sleep", "600"])

    def run(self, arguments, env=None):
        return subprocess.run(self.user + arguments, capture_output=True, text=True, env=dict(os.environ, **(env or {})), timeout=60)

    def attempt(self, name, act, env=None):
        program, *arguments = (a.format(dir=self.dir) for a in PROGRAMS[name])
        r = self.run([str(self.prefix / "libexec/paraph" / program), *arguments, f"--attempt={act}"], env)
        return r.returncode, r.stdout.split(" ")[0].strip(), r.stdout + r.stderr

    def acts(self, name):
        other, planted = OTHERS[name]
        return [f"read-other:{self.dir}/{other}", f"write-outside:{self.dir}/{planted}", "inet-socket:9", "execve", f"ptrace:{self.victim.pid}", f"signal:{self.victim.pid}", "fork"]

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
    for act in place.acts(name):
        status, said, text = place.attempt(name, act)
        assert (status, said) == (0, "denied"), f"{name}: {act}: {text}"
    assert place.victim.poll() is None
    assert not (place.dir / OTHERS[name][1]).exists()


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_the_jail_they_work(place, name):
    for act in (f"write-outside:{place.outside}/{name}", "inet-socket:9"):
        status, said, text = place.attempt(name, act, {"PARAPH_NO_JAIL": "1"})
        assert (status, said) == (1, "DONE"), f"{name}: {act}: {text}"
    assert (place.outside / name).read_bytes() == b"x"


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

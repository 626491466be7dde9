"""Places in which programs are run for tests: reachable by the users that programs run as when tests run as root."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@contextlib.contextmanager
def place():
    """A folder that everybody may pass, removed afterwards."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="paraph-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def reachable(prefix, path):
    """The staged tree, or a copy of it below path when tests run as root and others cannot pass to it."""
    folder = pathlib.Path(prefix).resolve()
    if os.geteuid() != 0 or all(p.stat().st_mode & 0o001 for p in [folder, *folder.parents]):
        return folder
    copy = path / "prefix"
    shutil.copytree(folder, copy, symlinks=True)
    return copy


class Server:
    """paraphd in the foreground, from its start to its end."""

    def __init__(self, prefix, instance, environment=None):
        self.instance = pathlib.Path(instance)
        self.prefix = pathlib.Path(prefix)
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None

    def start(self, patience=30):
        self.process = subprocess.Popen([self.prefix / "bin/paraphd", self.instance], env=self.environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self._line(patience)
        assert line, "paraphd did not get ready: " + self.process.communicate(timeout=20)[1] + self.log()[-3000:]
        self.ready = json.loads(line)
        return self

    def _line(self, patience):
        timer = __import__("threading").Timer(patience, self.process.terminate)
        timer.start()
        try:
            return self.process.stdout.readline()
        finally:
            timer.cancel()

    def stop(self, patience=20):
        """Its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=patience)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.communicate()
        return self.process.returncode

    def log(self):
        path = self.instance / "log/paraph.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pids(self, program=None):
        """Processes of this instance, perhaps only those of one program."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            text = b" ".join(words).decode(errors="replace")
            if str(self.instance) in text and state != "Z" and int(entry.name) != self.process.pid and "pytest" not in text:
                if program is None or program in text:
                    found.append(int(entry.name))
        return found


def wait_until(what, patience=10.0, pause=0.02):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(pause)
    return what()


class StubService:
    """An instance whose programs are all stub_program.py, behind the real paraphd and nginx."""

    def __init__(self, prefix, path, extra_conf="", environment=None):
        self.path = path
        self.prefix = reachable(prefix, path)
        self.https, self.http = free_ports(2)
        self.instance = path / "instance"
        self.record = self.instance / "record.jsonl" # paraphd and its children write nowhere else
        self._make(extra_conf)
        names = {"PARAPH_LIBEXEC": str(path / "lib"), "PARAPH_SHARE": str(self.prefix / "share/paraph"),
                 "PARAPH_TEST_RECORD": str(self.record)}
        self.server = Server(self.prefix, self.instance, dict(names, **(environment or {})))

    def _make(self, extra_conf):
        lib = self.path / "lib"
        lib.mkdir()
        for program in ("keys", "status", "document", "courier", "core"):
            shutil.copy(HERE / "stub_program.py", lib / f"paraph-{program}")
            (lib / f"paraph-{program}").chmod(0o755)
        for folder in ("", "run", "log", "front", "served", "public"):
            (self.instance / folder).mkdir(mode=0o711)
        (self.instance / "served").chmod(0o755)
        self.record.touch()
        self.record.chmod(0o666)
        front = self.instance / "front"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        front / "tls.key", "-out", front / "tls.crt", "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        (self.instance / "paraph.conf").write_text(
            f"[instance]\noid_arc = 2.25.1\nworkers = 2\n[front]\nhttps_port = {self.https}\nhttp_port = {self.http}\n" + extra_conf)
        if os.geteuid() == 0:
            for path in [front, front / "tls.key", front / "tls.crt", self.instance / "served"]:
                os.chown(path, 64100, 64100)

    def records(self, event=None):
        lines = [json.loads(line) for line in self.record.read_text().splitlines()]
        return [r for r in lines if event is None or r["event"] == event]

    def requests(self):
        return [r["params"]["REQUEST_URI"] for r in self.records("request")]

    def raw(self, octets, patience=3.0):
        """Sends octets as they are to the port without TLS; everything that comes back until it is closed or quiet."""
        out = b""
        with socket.create_connection(("127.0.0.1", self.http), timeout=patience) as s:
            try:
                s.sendall(octets)
                while piece := s.recv(65536):
                    out += piece
            except (TimeoutError, ConnectionError):
                pass
        return out

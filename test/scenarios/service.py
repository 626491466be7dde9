"""A real service in a directory of its own, and the two parties that use it: an integrator and a signer's browser.

Nothing here is pretended: paraph init makes the keys, paraphd runs all programs and nginx, requests go over TLS.
"""
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import uuid

import contract

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "share/sample/contract.pdf"
STARTED = []  # services that still run: ended at the end of the session, whatever happened


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Problem(Exception):
    """An answer of the API that is not a success."""

    def __init__(self, status, body, headers):
        self.status = status
        self.body = body
        self.headers = headers
        self.slug = str(body.get("type", "")).rsplit("/", 1)[-1] if isinstance(body, dict) else ""
        super().__init__(f"HTTP {status} {self.slug}: {body}")


def ocsp(service, serial_hex, nonce=True):
    """What openssl says of OCSP for this serial: its output."""
    args = ["openssl", "ocsp", "-issuer", str(service.dir / "public/issuing.pem"), "-serial", "0x" + serial_hex,
            "-url", f"http://127.0.0.1:{service.http}/ocsp", "-CAfile", str(service.dir / "public/root.pem"),
            "-verify_other", str(service.dir / "public/issuing.pem")]
    r = subprocess.run(args + ([] if nonce else ["-no_nonce"]), capture_output=True, text=True, timeout=30)
    return r.stdout + r.stderr


class Api:
    """One caller of the HTTPS API."""

    def __init__(self, service, token=None):
        self.service = service
        self.token = token
        self.headers = {}

    def raw(self, method, path, body=None, headers=None):
        context = ssl.create_default_context(cafile=str(self.service.dir / "public/tls.crt"))
        c = http.client.HTTPSConnection("localhost", self.service.https, context=context, timeout=60)
        h = dict(headers or {})
        if self.token:
            h.setdefault("Authorization", "Bearer " + self.token)
        c.request(method, path, body=body, headers=h)
        r = c.getresponse()
        data = r.read()
        self.headers = dict(r.getheaders())
        c.close()
        told = contract.faults(method, path, r.status, self.headers, data)
        assert not told, told
        return r.status, data

    def call(self, method, path, body=None, key=None, headers=None):
        """JSON in, JSON out; Problem for anything but 2xx. key: Idempotency-Key, a fresh one by default."""
        h = dict(headers or {})
        if method == "POST":
            h.setdefault("Idempotency-Key", key or uuid.uuid4().hex)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            h.setdefault("Content-Type", "application/json")
        status, data = self.raw(method, path, body, h)
        try:
            answer = json.loads(data) if data else None
        except ValueError:
            answer = data
        if not 200 <= status < 300:
            raise Problem(status, answer, self.headers)
        return answer

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None, key=None, headers=None):
        return self.call("POST", path, body, key, headers)


class Service:
    """One instance. Programs are those of the staged tree `prefix`."""

    def __init__(self, prefix, profile="demo", conf=None, env=None, wrap=(), init=()):
        # init: more options of paraph init
        # wrap: words before each command, which end in an exec of it
        self.wrap = list(wrap)
        # A short path, which every user of the programs may enter: socket paths are limited to 107 octets.
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="paraph-"))
        self.place.chmod(0o711)
        self.prefix = self.place / "program"
        shutil.copytree(prefix, self.prefix, symlinks=True)
        for folder, _, files in os.walk(self.prefix):
            os.chmod(folder, 0o755)
        self.dir = self.place / "i"
        self.https, self.http = free_port(), free_port()
        self.env = dict(os.environ, **(env or {}))
        self.server = None
        self.paraph("init", "--profile", profile, "--https-port", str(self.https), "--http-port", str(self.http), *init, str(self.dir))
        if conf:
            self.configure(conf)

    def configure(self, values):
        """values: {("section", "key"): "value"}; replaces lines of paraph.conf."""
        path = self.dir / "paraph.conf"
        lines, section = path.read_text().splitlines(), ""
        left = dict(values)
        for i, line in enumerate(lines):
            if line.startswith("["):
                section = line.strip("[] ")
            m = re.match(r";?\s*(\w+)\s*=", line)
            if m and (section, m.group(1)) in left:
                lines[i] = f"{m.group(1)} = {left.pop((section, m.group(1)))}"
        assert not left, f"paraph.conf has no {left}"
        path.chmod(0o644)
        path.write_text("\n".join(lines) + "\n")

    # ---- programs ------------------------------------------------------------------------------------------------------

    def paraph(self, *args, check=True, **kwargs):
        r = subprocess.run([*self.wrap, str(self.prefix / "bin/paraph"), *map(str, args)], capture_output=True, text=True, env=self.env,
                           timeout=120, **kwargs)
        if check:
            assert r.returncode == 0, f"paraph {args}: {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r

    def start(self, env=None, wait=True, words=None):
        """Runs paraphd; env (PARAPH_FAULT_KEYS=…) is for this start only, and so are other words than `paraph serve DIR`."""
        self.log = open(self.place / "server.log", "ab")
        program, *rest = words or ["paraph", "serve", str(self.dir)]
        self.server = subprocess.Popen([*self.wrap, str(self.prefix / "bin" / program), *rest], stdout=subprocess.PIPE, cwd=self.place,
                                       stderr=self.log, env=dict(self.env, **(env or {})), start_new_session=True)
        STARTED.append(self)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=30):
        os.set_blocking(self.server.stdout.fileno(), False)
        seen, until = b"", time.monotonic() + seconds
        while b"ready" not in seen:
            assert self.server.poll() is None, "paraphd ended:\n" + self.logs()
            assert time.monotonic() < until, "paraphd is not ready:\n" + self.logs()
            seen += self.server.stdout.read() or b""
            time.sleep(0.02)

    def stop(self, seconds=20):
        if self.server is None:
            return
        if self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self.server.stdout.close()
        self.server = None
        self.log.close()
        if self in STARTED:
            STARTED.remove(self)

    def kill(self):
        """kill -9 of everything at once, as a power cut would (but for the disk); nothing of it is left at the return."""
        until = time.monotonic() + 20
        while True:
            for pid in self.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if self.server:
                self.server.kill()
                self.server.wait()
            if not self.pids():
                return
            assert time.monotonic() < until, "something lives on after kill -9"
            time.sleep(0.02)

    def remove(self):
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)
        # paraphd removes the front's cache when it ends; one that was killed could not.
        name = hashlib.sha256(str(self.dir).encode()).hexdigest()[:16]
        shutil.rmtree(f"/dev/shm/paraph-front-{name}", ignore_errors=True)

    def logs(self):
        out = []
        for path in [self.place / "server.log", *sorted((self.dir / "log").glob("*"))]:
            if path.is_file():
                out.append(f"--- {path.name}\n" + path.read_text(errors="replace")[-6000:])
        return "\n".join(out)

    def pids(self, name=None):
        """Processes of this instance, by the name of their program ("paraph-core", "nginx")."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
                parent = self.server.pid if self.server else -1
            except OSError:
                continue
            text = b" ".join(line).decode(errors="replace")
            program = os.path.basename(line[0].decode(errors="replace").split(":")[0].split(" ")[0]) if line[0] else ""
            ours = str(self.dir) in text or (program == "nginx" and self.is_child(int(entry.name), parent))
            if ours and (name is None or program == name) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        return found

    @staticmethod
    def is_child(pid, ancestor):
        while pid > 1:
            if pid == ancestor:
                return True
            try:
                pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                return False
        return False

    # ---- callers ---------------------------------------------------------------------------------------------------------

    def key(self, name):
        return (self.dir / f"admin/{name}.key").read_text().strip()

    def api(self, role=None):
        """role: "sender", "registration", "officer", or None for nobody."""
        return Api(self, self.key(role) if role else None)

    def plain(self, path, method="GET", body=None, headers=None):
        """Plain http, as relying parties fetch CRL, OCSP, time-stamps: status, octets, headers."""
        c = http.client.HTTPConnection("127.0.0.1", self.http, timeout=30)
        c.request(method, path, body=body, headers=headers or {})
        r = c.getresponse()
        data = r.read()
        c.close()
        return r.status, data, dict(r.getheaders())

    def mails(self, to=None):
        status, data, _ = self.plain("/dev/mail.json")
        assert status == 200, data
        return [m for m in json.loads(data)["messages"] if to is None or m["to"] == to]

    def wait_mail(self, to, after=0, seconds=15):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            new = [m for m in self.mails(to) if m["n"] > after]
            if new:
                return new[-1]
            time.sleep(0.03)
        raise AssertionError(f"no message to {to} came\n" + self.logs())


class Journey:
    """One signer's way, step by step; each step can be left out or done wrongly by a test."""

    count = 0

    def __init__(self, service, pdf=SAMPLE, given="Jane", surname="Doe", email=None, title="Lease 12 rue X", place=True, country="FR"):
        Journey.count += 1
        self.service = service
        self.pdf = pathlib.Path(pdf)
        self.given, self.surname, self.country = given, surname, country
        self.email = email or f"signer{Journey.count}-{uuid.uuid4().hex[:6]}@example.org"
        self.title = title
        self.place = place
        self.seen = 0

    def register(self, key=None, **over):
        body = {"country": self.country, "given_name": self.given, "surname": self.surname, "reference": self.email,
                "email": self.email, "identified_by": "passport", "evidence": "file 4711",
                "verified_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        body.update(over)
        self.registration = self.service.api("registration").post(
            "/v1/registrations", {k: v for k, v in body.items() if v is not None}, key=key)["id"]
        return self

    def upload(self, data=None, key=None):
        api = self.service.api("sender")
        self.file = api.post("/v1/files", data if data is not None else self.pdf.read_bytes(), key=key,
                             headers={"Content-Type": "application/pdf"})
        return self

    def request(self, key=None, **over):
        field = {"file": self.file["id"], "page": 1, "x": 60, "y": 60, "w": 180, "h": 54}
        signer = {"key": "one", "registration": self.registration, "method": "email_code"}
        if self.place is True:
            signer["fields"] = [field]
        elif self.place:
            signer["fields"] = [dict(field, **self.place)]
        body = {"title": self.title, "send": True, "files": [self.file["id"]], "signers": [signer]}
        body.update(over)
        self.req = self.service.api("sender").post("/v1/requests", body, key=key)
        return self

    def message(self):
        m = self.service.wait_mail(self.email, self.seen)
        self.seen = m["n"]
        return m

    def link(self):
        text = self.message()["text"]
        self.token = re.search(r"://\S+#([A-Za-z0-9_-]{20,})", text).group(1)
        return self

    def open(self):
        self.browser = Api(self.service)
        self.browser.token = self.browser.post("/s/v1/session", {"token": self.token})["session"]
        return self

    def facts(self):
        return self.browser.get("/s/v1/request")

    def send_code(self):
        self.browser.post("/s/v1/code")
        text, shown = self.message()["text"], self.facts()["shown"]
        self.code = re.search(r"(?<!\w)(\d{6})(?!\w)", text).group(1)
        assert f"({shown['short_hash']})" in text, f"{shown} is not what the message says: {text}"  # keys and core agree on what is signed
        return self

    def try_code(self, code=None):
        self.browser.post("/s/v1/code/try", {"code": code or self.code})
        return self

    def consent(self):
        self.browser.post("/s/v1/consent", {"read": True, "correct": True, "consent_sha256": self.facts()["consent_sha256"]})
        return self

    def sign(self, seconds=30):
        self.browser.post("/s/v1/sign")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.result = self.browser.get("/s/v1/result")
            if self.result["status"] != "signing":
                return self
            time.sleep(0.03)
        raise AssertionError("the signature was not finished in time\n" + self.service.logs())

    def until_code(self):
        return self.register().upload().request().link().open().send_code()

    def until_consent(self):
        return self.until_code().try_code().consent()

    def whole(self):
        return self.until_consent().sign()

    def signed(self, n=1):
        status, data = self.browser.raw("GET", f"/s/v1/signed/{n}")
        assert status == 200, data
        return data

    def proof(self):
        status, data = self.service.api("sender").raw("GET", f"/v1/requests/{self.req['id']}/proof")
        assert status == 200, data
        return data

    def save(self, folder, name="signed"):
        """Writes NAME.pdf, NAME-proof.json and root.pem; the path of the PDF."""
        folder = pathlib.Path(folder)
        path = folder / f"{name}.pdf"
        path.write_bytes(self.signed())
        (folder / f"{name}-proof.json").write_bytes(self.proof())
        shutil.copy(self.service.dir / "public/root.pem", folder / "root.pem")
        return path

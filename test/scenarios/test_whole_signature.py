"""The main job with the real programs, as an operator, an integrator and a signer do it; also run under the sanitizers."""
import json
import re
import subprocess

import pytest
from stage import free_ports, place, reachable


class Service:
    """A demo service made by paraph init and run by paraph serve."""

    def __init__(self, prefix, path):
        self.path = path
        self.prefix = reachable(prefix, path)
        self.https, self.http = free_ports(2)
        self.instance = path / "instance"
        self.process = None

    def paraph(self, *words, code=0, timeout=300):
        done = subprocess.run([self.prefix / "bin/paraph", *map(str, words)], capture_output=True, text=True, timeout=timeout)
        assert done.returncode == code, f"paraph {words[0]}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{self.log()[-4000:]}"
        return done.stdout

    def log(self):
        return "".join(p.read_text(errors="replace") for p in sorted((self.instance / "log").glob("*.log")))

    def start(self):
        self.paraph("init", "--https-port", self.https, "--http-port", self.http, self.instance)
        self.process = subprocess.Popen([self.prefix / "bin/paraph", "serve", self.instance], stdout=subprocess.PIPE,
                                        stderr=open(self.path / "serve.log", "w"), text=True)
        line = self.process.stdout.readline()
        assert "ready" in line, line + (self.path / "serve.log").read_text()[-3000:] + self.log()[-3000:]

    def sign(self, file, out, *words, **person):
        person = {"given-name": "Jane", "surname": "Doe", "country": "FR", "email": "jane.doe@example.org", **person}
        options = [word for name, value in person.items() for word in (f"--{name}", value)]
        return json.loads(self.paraph("sign", "--instance", self.instance, "--catcher", "--json", *options, *words, "--out", out, file))

    def stop(self):
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture(scope="module")
def service(prefix):
    with place() as path:
        service = Service(prefix, path)
        try:
            service.start()
            yield service
        finally:
            code = service.stop()
        assert code == 0
        # A sanitizer that found something in any program says so in the log of that program.
        assert not re.search(r"AddressSanitizer|runtime error|LeakSanitizer", service.log() + (path / "serve.log").read_text())


@pytest.fixture(scope="module")
def signed(service, top):
    out = service.path / "out"
    out.mkdir()
    service.sign(top / "share/sample/contract.pdf", out)
    return {name: next(out.glob(f"*-{name}")) for name in ("signed.pdf", "proof.json", "root.pem")}


def serials_of(service, file, root):
    text = service.paraph("verify", "--trust", root, file)
    return re.findall(r"serial\s+number\s+([0-9a-f]{40})", text)


@pytest.mark.sanitized
def test_a_signature_from_nothing(service, signed, top):
    original = (top / "share/sample/contract.pdf").read_bytes()
    result = signed["signed.pdf"].read_bytes()
    assert result.startswith(original)
    text = service.paraph("verify", "--trust", signed["root.pem"], signed["signed.pdf"])
    assert "Jane Doe" in text and "proven by the time-stamp" in text.replace("\n", " ").replace("  ", " ")
    assert "Signature is Valid" in subprocess.run(["pdfsig", signed["signed.pdf"]], capture_output=True, text=True).stdout
    assert subprocess.run(["qpdf", "--check", signed["signed.pdf"]], capture_output=True).returncode == 0


@pytest.mark.sanitized
def test_a_flipped_byte_is_seen(service, signed, tmp_path):
    data = bytearray(signed["signed.pdf"].read_bytes())
    data[1000] ^= 1
    (tmp_path / "flipped.pdf").write_bytes(data)
    done = subprocess.run([service.prefix / "bin/paraph", "verify", "--trust", signed["root.pem"], tmp_path / "flipped.pdf"],
                          capture_output=True, text=True)
    assert done.returncode != 0


@pytest.mark.sanitized
def test_another_signature_has_another_key_and_serial(service, signed, tmp_path, top):
    service.sign(top / "share/sample/contract.pdf", tmp_path, **{"given-name": "Max", "surname": "Mustermann", "email": "max@example.org"})
    again = next(tmp_path.glob("*-signed.pdf"))
    first = serials_of(service, signed["signed.pdf"], signed["root.pem"])
    second = serials_of(service, again, signed["root.pem"])
    assert first and second and first[0] != second[0]


def test_octets_before_the_header(service, signed, tmp_path, top):
    """Mail programs and printers leave some; what the service signs, paraph verify reads."""
    source = tmp_path / "shifted.pdf"
    source.write_bytes(b"\x1b%-12345X@PJL\r\n" + (top / "share/sample/contract.pdf").read_bytes())
    service.sign(source, tmp_path)
    text = service.paraph("verify", "--trust", signed["root.pem"], next(tmp_path.glob("*-signed.pdf")))
    assert "-signed.pdf: Valid\n" in text


@pytest.mark.sanitized
def test_the_auditor_finds_nothing_wrong(service, signed):
    service.paraph("audit", "verify", service.instance)


@pytest.mark.sanitized
def test_doctor_answers(service, signed):
    answer = subprocess.run([service.prefix / "bin/paraph", "doctor", "--json", service.instance], capture_output=True, text=True)
    assert json.loads(answer.stdout), answer.stderr


def test_stops_and_starts_again(prefix, top):
    with place() as path:
        service = Service(prefix, path)
        service.start()
        assert service.stop() == 0
        service.process = subprocess.Popen([service.prefix / "bin/paraph", "serve", service.instance], stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL, text=True)
        try:
            assert "ready" in service.process.stdout.readline()
            service.sign(top / "share/sample/contract.pdf", path)
        finally:
            assert service.stop() == 0

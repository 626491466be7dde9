"""paraph-courier alone, with a mail server and a webhook receiver that are really there: the test holds the other ends of its channels."""
import base64
import email
import hashlib
import hmac
import http.server
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time

import pytest
from stage import free_ports, place, reachable, wait_until

CODE = b"493201"
EMAIL, SMS, WEBHOOK = 0, 1, 2
SECRET = b"whsec-of-a-test-receiver"


# ---- messages, as src/wire/courier.proto says -------------------------------------------------------------------------------------

def varint(n):
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def courier_message(number, tag, body):
    return field(1, number) + field(tag, body)


def code_message(number, address, transport=EMAIL):
    expires = int((time.time() + 600) * 1e6)
    return courier_message(number, 20, field(1, transport) + field(2, address) + field(3, CODE) + field(4, 'Lease "12" rue Élysée') +
                           field(5, "7F3A-91C2-04D5-E6B7") + field(6, "ACME") + field(7, expires))


def message(number, ident, address, text, transport=EMAIL, subject="ACME asks you to sign"):
    return courier_message(number, 21, field(1, transport) + field(2, ident) + field(3, address) + field(4, subject) + field(5, text) +
                           field(6, SECRET if transport == WEBHOOK else b""))


def fields_of(octets):
    """Number to value of one message, enough to read an outcome."""
    at, out = 0, {}
    def number():
        nonlocal at
        n = shift = 0
        while True:
            n |= (octets[at] & 0x7f) << shift
            at, shift = at + 1, shift + 7
            if octets[at - 1] < 0x80:
                return n
    while at < len(octets):
        key = number()
        value = number()
        if key & 7 == 2:
            at, value = at + value, octets[at:at + value]
        out[key >> 3] = value
    return out


def outcome(channel):
    """(number, code, detail) of the next answer."""
    answer = fields_of(channel.recv(65536))
    body = fields_of(answer.get(10, b""))
    return answer[1], body.get(1, 0), body.get(2, b"").decode()


# ---- receivers ------------------------------------------------------------------------------------------------------------------------

class MailServer(socketserver.ThreadingTCPServer):
    """Enough of SMTP [RFC 5321] to take a mail from libcurl."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), self.Session)
        self.mails = []
        self.refuse = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Session(socketserver.StreamRequestHandler):
        def say(self, line):
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self):
            sender = recipient = None
            self.say("220 test")
            while line := self.rfile.readline().decode():
                verb = line.split(":")[0].split()[0].upper()
                if verb == "MAIL":
                    sender = line.strip()
                elif verb == "RCPT":
                    recipient = line.strip()
                    if self.server.refuse:
                        self.say("451 not now")
                        continue
                elif verb == "DATA":
                    self.say("354 go on")
                    data = b""
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        data += line
                    self.server.mails.append((sender, recipient, data))
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                self.say("250 good")


class Receiver(http.server.ThreadingHTTPServer):
    """Takes webhooks; at /elsewhere it redirects, at /sorry it fails."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Request)
        self.got = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Request(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append((self.path, dict(self.headers), body))
            self.send_response({"/elsewhere": 307, "/sorry": 500}.get(self.path, 204))
            if self.path == "/elsewhere":
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/reached")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_):
            pass


class Courier:
    """The program with our ends of its channels."""

    def __init__(self, prefix, path, conf):
        self.prefix = reachable(prefix, path)
        self.instance = path / "instance"
        if not self.instance.exists():
            (self.instance / "courier").mkdir(parents=True)
        (self.instance / "paraph.conf").write_text(
            "[instance]\noid_arc = 2.25.1\nprofile = internal\n[organisation]\nname = Test House\ncommon_name = Test House\n" + conf)
        self.log = path / "log"
        self.start()

    def start(self):
        pairs = {name: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for name in ("control", "keys-courier", "core-courier")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.prefix / "libexec/paraph/paraph-courier", f"instance={self.instance}", *[f"{n}={b.fileno()}" for n, (_, b) in pairs.items()]],
                pass_fds=[b.fileno() for _, b in pairs.values()], stderr=log)
        self.control, self.keys, self.core = (pairs[n][0] for n in ("control", "keys-courier", "core-courier"))
        for _, b in pairs.values():
            b.close()
        for s in (self.control, self.keys, self.core):
            s.settimeout(30)
        assert self.control.recv(100) == b"\x62\x00", self.log.read_text()  # ready

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(20)
        for s in (self.control, self.keys, self.core):
            s.close()


@pytest.fixture
def mails():
    server = MailServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def courier(prefix):
    started = []
    with place() as path:
        def make(conf):
            started.append(Courier(prefix, path, conf))
            return started[-1]
        yield make
        for c in started:
            if c.process.poll() is None:
                c.end()


def smtp(mails):
    return f"[mail]\ntransport = smtp\nhost = 127.0.0.1\nport = {mails.server_address[1]}\nfrom = sign@house.example\n"


def files_below(path):
    return [p for p in path.rglob("*") if p.is_file()]


# ---- mail -------------------------------------------------------------------------------------------------------------------------------

def test_a_code_goes_out_by_mail_and_stays_nowhere(courier, mails):
    c = courier(smtp(mails))
    c.keys.send(code_message(7, "jane.doe@example.org"))
    assert outcome(c.keys) == (7, 0, "")  # answered when it was handed over
    (sender, recipient, data), = mails.mails
    assert "<sign@house.example>" in sender and "<jane.doe@example.org>" in recipient
    mail = email.message_from_bytes(data)
    text = mail.get_payload(decode=True).decode()
    assert text.startswith("493201") and "7F3A-91C2-04D5-E6B7" in text and "ACME" in text and "Never share it" in text
    subject = str(email.header.make_header(email.header.decode_header(mail["Subject"])))
    assert 'Lease "12" rue Élysée' in subject and "493201" not in subject
    assert mail["To"] == "<jane.doe@example.org>" and mail["Message-ID"] and mail["Date"] and mail["Auto-Submitted"] == "auto-generated"
    assert CODE not in c.log.read_bytes()
    assert all(CODE not in p.read_bytes() for p in files_below(c.instance))


def test_a_code_that_cannot_be_handed_over_is_said_so(courier, mails):
    c = courier(smtp(mails))
    mails.refuse = True
    c.keys.send(code_message(8, "jane.doe@example.org"))
    number, code, detail = outcome(c.keys)
    assert (number, code) == (8, 1500)
    assert CODE not in c.log.read_bytes() and CODE not in detail.encode()


@pytest.mark.parametrize("address", ["jane@example.org>\r\nRCPT TO:<other@example.org", "a b@c.example", "@x", "x@", "jane@example.org, b@c.d", ""])
def test_an_address_cannot_hold_more_than_an_address(courier, mails, address):
    c = courier(smtp(mails))
    c.keys.send(code_message(9, address))
    assert outcome(c.keys)[1] != 0
    assert mails.mails == []


def test_a_title_cannot_hold_a_header(courier, mails):
    c = courier(smtp(mails))
    c.core.send(message(1, b"\x21" * 16, "jane.doe@example.org", "text", subject="Hello\r\nBcc: other@example.org"))
    assert outcome(c.core)[1] == 0
    assert wait_until(lambda: mails.mails)
    mail = email.message_from_bytes(mails.mails[0][2])
    assert mail["Bcc"] is None


def test_a_message_is_delivered_once(courier, mails):
    c = courier(smtp(mails))
    for number in (1, 2, 3):
        c.core.send(message(number, b"\x01" * 16, "jane.doe@example.org", "Read the document: https://sign.example/#abc"))
        assert outcome(c.core) == (number, 0, "")
    assert wait_until(lambda: mails.mails)
    c.core.send(message(4, b"\x01" * 16, "jane.doe@example.org", "again"))
    c.core.send(message(5, b"\x02" * 16, "jane.doe@example.org", "another"))
    assert [outcome(c.core)[1] for _ in range(2)] == [0, 0]
    assert wait_until(lambda: len(mails.mails) == 2)
    time.sleep(0.5)
    assert len(mails.mails) == 2


def test_a_message_outlives_the_program_and_the_mail_server(courier, mails):
    """Accepted means on disk: kill -9 right after the answer loses nothing."""
    port = mails.server_address[1]
    mails.shutdown()
    mails.server_close()
    c = courier(smtp(mails))
    c.core.send(message(1, b"\x03" * 16, "jane.doe@example.org", "kept"))
    assert outcome(c.core)[1] == 0
    c.end(signal.SIGKILL)
    again = MailServer(port)
    try:
        c.start()
        assert wait_until(lambda: again.mails, 20)
        c.end()
        c.start()
        time.sleep(1)
        assert len(again.mails) == 1  # remembered as delivered
        assert all(b"kept" not in p.read_bytes() for p in files_below(c.instance / "courier"))
    finally:
        again.shutdown()
        again.server_close()


# ---- webhooks ----------------------------------------------------------------------------------------------------------------------------

def test_webhook_is_signed(courier, mails, receiver):
    """[Standard Webhooks] id, timestamp and body under HMAC-SHA-256"""
    c = courier(smtp(mails) + "[webhook]\nprivate_addresses = yes\n")
    body = '{"type":"request.completed"}'
    c.core.send(message(1, b"\x04" * 16, f"http://127.0.0.1:{receiver.server_port}/hook", body, WEBHOOK))
    assert outcome(c.core)[1] == 0
    assert wait_until(lambda: receiver.got)
    path, headers, got = receiver.got[0]
    headers = {k.lower(): v for k, v in headers.items()}
    assert path == "/hook" and got.decode() == body and headers["content-type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + got
    mac = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == "v1," + mac
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_webhook_to_a_private_address_is_refused(courier, mails, receiver):
    c = courier(smtp(mails))
    for n, host in enumerate(["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"]):
        c.core.send(message(n + 1, bytes([5, n]) * 8, f"https://{host}:{receiver.server_port}/hook", "{}", WEBHOOK))
        assert outcome(c.core)[1] == 0
    assert wait_until(lambda: c.log.read_text().count("message-not-delivered") >= 6)
    assert receiver.got == []


def test_no_redirect_is_followed(courier, mails, receiver):
    c = courier(smtp(mails) + "[webhook]\nprivate_addresses = yes\n")
    for n, path in enumerate(["/elsewhere", "/sorry"]):
        c.core.send(message(n + 1, bytes([6, n]) * 8, f"http://127.0.0.1:{receiver.server_port}{path}", "{}", WEBHOOK))
        assert outcome(c.core)[1] == 0
    assert wait_until(lambda: c.log.read_text().count("message-not-delivered") >= 2)
    assert sorted(p for p, _, _ in receiver.got) == ["/elsewhere", "/sorry"]


# ---- who may say what ---------------------------------------------------------------------------------------------------------------------

def test_core_cannot_send_codes_and_keys_no_messages(courier, mails):
    """[wire tables] a message outside the table ends the channel and is a security event"""
    c = courier(smtp(mails))
    c.core.send(code_message(1, "jane.doe@example.org"))
    assert c.core.recv(100) == b""
    c.keys.send(message(2, b"\x07" * 16, "jane.doe@example.org", "text"))
    assert c.keys.recv(100) == b""
    assert mails.mails == []
    assert c.log.read_text().count('"security":"1"') == 2
    assert c.process.poll() is None

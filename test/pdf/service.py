"""A demo service of its own, for as long as a `with` block lasts."""
import ctypes
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(('127.0.0.1', 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def end_with_parent():
    """A test that is killed must not leave a service running. [prctl(2) PR_SET_PDEATHSIG]"""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Service:
    """`prefix` is a staged tree (tools/stage). url, mail and the keys are what an integrator of the demo gets to know."""

    def __init__(self, prefix):
        self.prefix = Path(prefix)

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix='paraph-sweep.')
        os.chmod(self.place.name, 0o711)
        self.instance = Path(self.place.name, 'instance')
        https, http = free_ports(2)
        self.url, self.mail = f'https://localhost:{https}', f'http://127.0.0.1:{http}/dev/mail'
        try:
            self.command('init', '--profile', 'demo', '--https-port', https, '--http-port', http, self.instance)
            self.log = open(Path(self.place.name, 'log'), 'wb')
            self.process = subprocess.Popen([self.prefix / 'bin/paraph', 'serve', self.instance], stdout=subprocess.PIPE,
                                            stderr=self.log, start_new_session=True, preexec_fn=end_with_parent)
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        self.certificate = self.instance / 'public/tls.crt'
        self.key, self.registration_key = self.read_key('sender'), self.read_key('registration')
        return self

    def command(self, *arguments):
        answer = subprocess.run([self.prefix / 'bin/paraph', *map(str, arguments)], capture_output=True, text=True)
        if answer.returncode:
            raise RuntimeError(f'paraph {arguments[0]}: {answer.stderr or answer.stdout}')

    def wait_ready(self):
        end = time.monotonic() + 30
        os.set_blocking(self.process.stdout.fileno(), False)
        while time.monotonic() < end and self.process.poll() is None:
            if b'ready' in (self.process.stdout.read() or b''):
                return
            time.sleep(0.05)
        raise RuntimeError('the service did not start: ' + Path(self.log.name).read_text(errors='replace')[-2000:])

    def read_key(self, name):
        return (self.instance / f'admin/{name}.key').read_text().strip()

    def alive(self):
        return self.process.poll() is None

    def __exit__(self, *_):
        process = getattr(self, 'process', None)
        if process and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if getattr(self, 'log', None):
            self.log.close()
        self.place.cleanup()

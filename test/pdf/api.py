"""An integrator and a signer's browser, over the public API of a demo service. Python standard library only."""
import http.client
import json
import re
import ssl
import time
import urllib.parse
import urllib.request
import uuid
from datetime import datetime, timezone


class Problem(Exception):
    """An answer of the service that is a refusal (RFC 9457): slug, status, detail."""
    def __init__(self, status, body):
        self.status, self.slug = status, body.get('type', '').rsplit('/', 1)[-1]
        self.detail = body.get('detail') or body.get('title', '')
        super().__init__(f'{status} {self.slug}: {self.detail}')


class Api:
    def __init__(self, url, certificate, key, registration_key, mail, seconds=10):
        where = urllib.parse.urlsplit(url)
        self.trust = ssl.create_default_context(cafile=str(certificate))
        self.connection = http.client.HTTPSConnection(where.hostname, where.port, timeout=seconds, context=self.trust)
        self.key, self.registration_key, self.mail, self.waited = key, registration_key, mail, 0.0

    def exchange(self, method, path, body, headers):
        """One answer. A kept connection that the front has closed meanwhile is opened again, once."""
        for last in (False, True):
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                return answer, answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
                self.connection.close()
                if last or (body is not None and hasattr(body, 'read')):
                    raise
            except TimeoutError:
                self.connection.close()
                raise TimeoutError(f'{method} {path}: no answer in {self.connection.timeout} s') from None

    def call(self, method, path, body=None, token=None, kind='application/json', raw=False):
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        if method == 'POST':
            headers['Idempotency-Key'] = str(uuid.uuid4())
        if body is not None:
            headers['Content-Type'] = kind
            body = json.dumps(body, separators=(',', ':')).encode() if kind == 'application/json' else body
        while True:
            answer, data = self.exchange(method, path, body, headers)
            if answer.status != 429:
                break
            pause = float(answer.headers.get('Retry-After', 1))
            self.waited += pause
            time.sleep(pause)
        if answer.status >= 400:
            try:
                raise Problem(answer.status, json.loads(data))
            except ValueError:
                raise RuntimeError(f'{method} {path}: {answer.status} without a problem document: {data[:200]!r}') from None
        return data if raw else json.loads(data) if data else None

    def upload(self, path):
        with open(path, 'rb') as file:
            data = file.read()
        return self.call('POST', '/v1/files', data, self.key, 'application/pdf')

    def register(self, email, **more):
        now = datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
        return self.call('POST', '/v1/registrations', {
            'country': 'FR', 'given_name': 'Jane', 'surname': 'Doe', 'reference': email, 'email': email,
            'identified_by': 'passport', 'evidence': 'test', 'verified_at': now, **more}, self.registration_key)

    def root(self):
        return self.call('GET', '/v1/ca/root.pem', raw=True)

    def signed(self, request):
        document = self.call('GET', f"/v1/requests/{request['id']}", token=self.key)['documents'][0]
        return self.call('GET', f"/v1/requests/{request['id']}/documents/{document['id']}?version=signed", token=self.key, raw=True)

    def messages(self, address):
        with urllib.request.urlopen(self.mail + '.json', timeout=10) as answer:
            return [one for one in json.load(answer)['messages'] if one['to'] == address]

    def wait_message(self, address, pattern, after):
        """The first group of `pattern` in the newest message to this address with a number above `after`, and its number."""
        end = time.monotonic() + self.connection.timeout
        while time.monotonic() < end:
            for one in self.messages(address):
                found = re.search(pattern, one['text'])
                if one['n'] > after and found:
                    return found[1], one['n']
            time.sleep(0.02)
        raise TimeoutError(f'no message for {pattern} came to {address}')


class Signer:
    """One registered person who reads, proves, consents and signs."""
    def __init__(self, api, email):
        self.api, self.email, self.seen = api, email, 0
        self.registration = api.register(email)['id']

    def request(self, file, place, title='Test document'):
        """`place`: page, x, y, w, h; or the name of an empty field; or nothing for an invisible signature."""
        signer = {'key': 'signer', 'registration': self.registration, 'method': 'email_code'}
        if place:
            signer['fields'] = [{'file': file['id'], **place}]
        return self.api.call('POST', '/v1/requests', {
            'title': title, 'send': True, 'files': [file['id']], 'signers': [signer]}, self.api.key)

    def message(self, pattern):
        found, self.seen = self.api.wait_message(self.email, pattern, self.seen)
        return found

    def sign(self, request):
        """Everything from the invitation to the signed file's bytes."""
        call = self.api.call
        link = self.message(r'Read the document: \S*/sign/#([A-Za-z0-9_-]+)')
        session = call('POST', '/s/v1/session', {'token': link})['session']
        facts = call('GET', '/s/v1/request', token=session)
        call('GET', '/s/v1/documents/1', token=session, raw=True)
        call('POST', '/s/v1/code', token=session)
        code = self.message(r'(?<!\d)(\d{6})(?!\d)')
        call('POST', '/s/v1/code/try', {'code': code}, session)
        call('POST', '/s/v1/consent', {'read': True, 'correct': True, 'consent_sha256': facts['consent_sha256']}, session)
        result = call('POST', '/s/v1/sign', token=session)
        while result['status'] == 'signing':
            time.sleep(0.05)
            result = call('GET', '/s/v1/result', token=session)
        return self.api.signed(request)

"""The shipped script share/check-proof against proofs made here with openssl: good ones pass, and a flipped octet in each
part fails. The proofs of the service itself are checked in the scenarios."""
import base64
import hashlib
import json
import os
import subprocess

import pytest

SCRIPT = os.path.join(os.path.dirname(__file__), '..', '..', 'share', 'check-proof')


def run(*args, data=None, cwd=None):
    return subprocess.run(args, input=data, capture_output=True, check=True, cwd=cwd).stdout


def sha256(data):
    return hashlib.sha256(data).digest()


class Maker:
    """A small CA and the parts of a proof."""

    def __init__(self, folder):
        self.dir = str(folder)
        self.ca('root', None, 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign')
        self.ca('issuing', 'root', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign')
        self.ca('seal', 'root', 'keyUsage=critical,nonRepudiation')
        self.ca('tsu', 'root', 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping')
        self.ca('signer', 'issuing', 'keyUsage=critical,nonRepudiation')
        self.ca('stranger', None, 'basicConstraints=critical,CA:TRUE')
        run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', self.path('log.key'))
        with open(self.path('tsa.cnf'), 'w') as f:
            f.write('[tsa]\ndefault_tsa=t\n[t]\nserial=%s\ncrypto_device=builtin\nsigner_cert=%s\nsigner_key=%s\ncerts=%s\n'
                    'signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\naccuracy=secs:1\ness_cert_id_alg=sha256\n'
                    % tuple(self.path(n) for n in ('tsa.serial', 'tsu.pem', 'tsu.key', 'root.pem')))

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), 'rb') as f:
            return f.read()

    def write(self, name, data):
        with open(self.path(name), 'wb') as f:
            f.write(data)
        return self.path(name)

    def ca(self, name, issuer, extensions):
        self.write('ext', ('subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' + extensions).encode())
        run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', self.path(name + '.key'))
        run('openssl', 'req', '-new', '-key', self.path(name + '.key'), '-subj', '/CN=DEMO ' + name, '-out', self.path('csr'))
        by = ['-signkey', self.path(name + '.key')] if issuer is None else [
            '-CA', self.path(issuer + '.pem'), '-CAkey', self.path(issuer + '.key'), '-CAcreateserial']
        run('openssl', 'x509', '-req', '-in', self.path('csr'), '-days', '2', '-extfile', self.path('ext'), '-out',
            self.path(name + '.pem'), *by)

    def der(self, name):
        return run('openssl', 'x509', '-in', self.path(name + '.pem'), '-outform', 'DER')

    def sign(self, key, data):
        return run('openssl', 'dgst', '-sha256', '-sign', self.path(key), data=data)


def tree(leaves):
    """Root and audit paths [RFC 6962 2.1]."""
    if len(leaves) == 1:
        return leaves[0], [[]]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    left, lefts = tree(leaves[:k])
    right, rights = tree(leaves[k:])
    return sha256(b'\x01' + left + right), [p + [right] for p in lefts] + [p + [left] for p in rights]


def proof_of(m, document, size=7, index=4):
    now = run('date', '-u', '+%Y-%m-%dT%H:%M:%S.123456Z').decode().strip()
    leaf = json.dumps({'event': 'act.result', 'note': 'é "quoted" \\ and\nmore\u0001', 'sha256': sha256(document).hex()},
                      ensure_ascii=False)
    leaves = [sha256(b'\x00' + (leaf if i == index else 'leaf %d' % i).encode()) for i in range(size)]
    top, paths = tree(leaves)
    text = 'paraph-checkpoint-v1\ndemo\n%d\n%s\n%s\n' % (size, base64.b64encode(top).decode(), now)
    attributes = bytes([0x31, 3, 1, 1, 0xff]) * 9
    b64 = lambda b: base64.b64encode(b).decode()
    log = run('openssl', 'pkey', '-in', m.path('log.key'), '-pubout', '-outform', 'DER')
    statement = {'statement': 'paraph-keys-1', 'intents': [{'document': {'result_sha256': sha256(document).hex()}}]}
    return {
        'format': 'paraph-proof-v1',
        'audit': {'index': index, 'leaf': leaf, 'path': [h.hex() for h in paths[index]], 'log_public_key': b64(log),
                  'checkpoint': {'size': size, 'text': text, 'signature': b64(m.sign('log.key', text.encode()))}},
        'chain': {'issuing': b64(m.der('issuing'))},
        'documents': [{'result': {'sha256': sha256(document).hex(), 'length': len(document)}}],
        'signatures': [{'certificate': b64(m.der('signer')), 'key': {'signed_at': now}, 'signed_attributes': b64(attributes),
                        'signature': b64(m.sign('signer.key', attributes))}],
        'statement': json.dumps(statement, separators=(',', ':')),
    }


def sealed(m, text, signer='seal'):
    """The three lines around a proof."""
    m.write('text', text)
    seal = run('openssl', 'cms', '-sign', '-binary', '-cades', '-in', m.path('text'), '-signer', m.path(signer + '.pem'),
               '-inkey', m.path(signer + '.key'), '-outform', 'DER')
    m.write('seal', seal)
    run('openssl', 'ts', '-query', '-data', m.path('seal'), '-sha256', '-cert', '-out', m.path('query'))
    m.write('tsa.serial', b'01\n')
    run('openssl', 'ts', '-reply', '-config', m.path('tsa.cnf'), '-queryfile', m.path('query'), '-token_out', '-out',
        m.path('token'))
    return seal, m.read('token')


def file_of(text, seal, token):
    return b'{"proof":\n%s\n,"seal":"%s","seal_time_stamp":"%s"}\n' % (text, base64.b64encode(seal), base64.b64encode(token))


def canonical(proof):
    return json.dumps(proof, separators=(',', ':'), sort_keys=True, ensure_ascii=False).encode()


@pytest.fixture(scope='module')
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp('proof'))


def check(m, data, *documents, root='root.pem'):
    m.write('proof.json', data)
    return subprocess.run([SCRIPT, m.path(root), m.path('proof.json'), *documents], capture_output=True, text=True)


DOCUMENT = b'%PDF-1.7 the finished document'


def good(m, **more):
    text = canonical(proof_of(m, DOCUMENT, **more))
    return text, *sealed(m, text)


def test_good_ones_pass(maker):
    document = maker.write('signed.pdf', DOCUMENT)
    for size, index in ((1, 0), (2, 1), (7, 4), (8, 0), (13, 12)):
        parts = good(maker, size=size, index=index)
        assert json.loads(file_of(*parts))['proof']['format'] == 'paraph-proof-v1'
        r = check(maker, file_of(*parts), document)
        assert r.returncode == 0, r.stdout + r.stderr
        assert 'octet by octet' in r.stdout


def test_another_document_or_root_fails(maker):
    parts = good(maker)
    other = maker.write('other.pdf', DOCUMENT + b'.')
    assert check(maker, file_of(*parts), other).returncode == 1
    assert check(maker, file_of(*parts), root='stranger.pem').returncode == 1
    assert check(maker, b'', other).returncode == 1
    assert subprocess.run([SCRIPT], capture_output=True).returncode == 64


def test_a_flipped_octet_in_each_part_fails(maker):
    text, seal, token = good(maker)
    for at in range(0, len(text), max(1, len(text) // 20)):
        bad = bytearray(text)
        bad[at] ^= 1
        assert check(maker, file_of(bytes(bad), seal, token)).returncode == 1, at
    for at in range(20, len(seal), len(seal) // 8):
        bad = bytearray(seal)
        bad[at] ^= 1
        assert check(maker, file_of(text, bytes(bad), token)).returncode == 1, at
    for at in range(20, len(token), len(token) // 8):
        bad = bytearray(token)
        bad[at] ^= 1
        assert check(maker, file_of(text, seal, bytes(bad))).returncode == 1, at


def spoilt(m, change):
    """A proof that is sealed rightly but says something wrong inside."""
    proof = proof_of(m, DOCUMENT)
    change(proof)
    text = canonical(proof)
    return check(m, file_of(text, *sealed(m, text)))


def flip(text):
    return text[:-1] + ('0' if text[-1] != '0' else '1')


@pytest.mark.parametrize('words,change', [
    ('not signed with', lambda p: p['audit']['checkpoint'].update(text=p['audit']['checkpoint']['text'].replace('demo', 'dema'))),
    ('not in the tree', lambda p: p['audit'].update(leaf=p['audit']['leaf'] + ' ')),
    ('not in the tree', lambda p: p['audit'].update(index=5)),
    ('not in the tree', lambda p: p['audit'].update(index=9)),
    ('not in the tree', lambda p: p['audit']['path'].__setitem__(1, flip(p['audit']['path'][1]))),
    ('not in the tree', lambda p: p['audit']['path'].pop()),
    ('too long', lambda p: p['audit']['path'].append(p['audit']['path'][0])),
    ('does not verify', lambda p: p['signatures'][0].update(signed_attributes='MQMBAf8=')),
    ('not valid then', lambda p: p['signatures'][0]['key'].update(signed_at='2020-01-01T00:00:00.000000Z')),
    ('no signature', lambda p: p.update(signatures=[])),
    ('did not make', lambda p: p['documents'][0]['result'].update(sha256='00' * 32)),
    ('no document', lambda p: p.update(documents=[])),
    ('format', lambda p: p.update(format='paraph-proof-v2')),
])
def test_each_claim_is_checked(maker, words, change):
    r = spoilt(maker, change)
    assert r.returncode == 1 and words in r.stdout, r.stdout + r.stderr


def test_a_seal_of_somebody_else_fails(maker):
    text = canonical(proof_of(maker, DOCUMENT))
    r = check(maker, file_of(text, *sealed(maker, text, signer='stranger')))
    assert r.returncode == 1 and 'seal' in r.stdout

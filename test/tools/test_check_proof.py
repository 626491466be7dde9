"""The shipped script share/check-proof against proofs made here with openssl: good ones pass, and a flipped octet in each
part fails. The proofs of the service itself are checked in the scenarios."""
import base64
import concurrent.futures
import glob
import hashlib
import json
import os
import subprocess

import pytest

SCRIPT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', 'share', 'check-proof'))


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


def proof_of(m, document, size=7, index=4, sealer='seal'):
    now = run('date', '-u', '+%Y-%m-%dT%H:%M:%S.123456Z').decode().strip()
    leaf = json.dumps({'event': 'act.result', 'note': 'é "quoted" \\ and\nmore\u0001', 'sha256': sha256(document).hex()},
                      ensure_ascii=False)
    leaves = [sha256(b'\x00' + (leaf if i == index else 'leaf %d' % i).encode()) for i in range(size)]
    top, paths = tree(leaves)
    text = 'paraph-checkpoint-v1\ndemo\n%d\n%s\n%s\n' % (size, base64.b64encode(top).decode(), now)
    attributes = bytes([0x31, 3, 1, 1, 0xff]) * 9
    b64 = lambda b: base64.b64encode(b).decode()
    log = run('openssl', 'pkey', '-in', m.path('log.key'), '-pubout', '-outform', 'DER')
    record = '{"email":"jane@example.org","note":"é"}'
    statement = {'statement': 'paraph-keys-1', 'intents': [{
        'activation': {'registration_sha256': sha256(record.encode()).hex()}, 'certificate': {'sha256': sha256(m.der('signer')).hex()},
        'document': {'result_sha256': sha256(document).hex()}}]}
    return {
        'format': 'paraph-proof-v1',
        'audit': {'index': index, 'leaf': leaf, 'path': [h.hex() for h in paths[index]], 'log_public_key': b64(log),
                  'checkpoint': {'size': size, 'text': text, 'signature': b64(m.sign('log.key', text.encode()))}},
        'chain': {'issuing': b64(m.der('issuing')), 'seal': b64(m.der(sealer))},
        'signer': {'registration': {'record': record}},
        'documents': [{'result': {'sha256': sha256(document).hex(), 'length': len(document)}}],
        'signatures': [{'intent': 'int_1', 'certificate': b64(m.der('signer')), 'key': {'signed_at': now}, 'signed_attributes': b64(attributes),
                        'signature': b64(m.sign('signer.key', attributes))}],
        'statement': json.dumps(statement, separators=(',', ':')),
    }


def sealed(m, text, signer='seal'):
    """The three lines around a proof."""
    m.write('text', text)
    more = [] if signer == 'issuing' else ['-certfile', m.path('issuing.pem')]
    seal = run('openssl', 'cms', '-sign', '-binary', '-cades', '-in', m.path('text'), '-signer', m.path(signer + '.pem'),
               '-inkey', m.path(signer + '.key'), *more, '-outform', 'DER')
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
    return check_as(m, 'proof.json', data, *documents, root=root)


def check_as(m, name, data, *documents, root='root.pem'):
    m.write(name, data)
    return subprocess.run([SCRIPT, m.path(root), m.path(name), *documents], capture_output=True, text=True, cwd=m.dir)


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
    ('did not make document', lambda p: p['documents'][0]['result'].update(sha256='00' * 32)),
    ('no document', lambda p: p.update(documents=[])),
    ('2 documents have 1', lambda p: p['documents'].append(p['documents'][0])),
    ('format', lambda p: p.update(format='paraph-proof-v2')),
    ('another sealing', lambda p: p['chain'].update(seal=p['chain']['issuing'])),
    ('another registration', lambda p: p['signer']['registration'].update(record='{}')),
    ('did not make certificate', lambda p: p.update(statement=p['statement'].replace('certificate', 'certificat'))),
    # What arithmetic, date, base64 and patterns take in several forms has one.
    ('not a number', lambda p: p['audit'].update(index='04')),
    ('not a number', lambda p: p['audit'].update(index='99999999999999999999')),
    ('not a number', lambda p: p['audit'].update(index='a[$(touch here)]')),
    ('not a time', lambda p: p['signatures'][0]['key'].update(signed_at='now')),
    ('not a time', lambda p: p['signatures'][0]['key'].update(signed_at='TZ="$(touch here)" now')),
    ('not a digest', lambda p: p['audit']['path'].__setitem__(1, p['audit']['path'][1].upper())),
    ('not a digest', lambda p: p['audit']['path'].__setitem__(1, '\\\\060' * 12)),
    ('not a digest', lambda p: p['documents'][0]['result'].update(sha256='.*')),
    ('not base64', lambda p: p['audit'].update(log_public_key=p['audit']['log_public_key'] + '\n')),
    ('not base64', lambda p: p['signatures'][0].update(signature='`touch here`')),
    # A member that is gone, or of another kind, is named.
    ('no .audit.leaf', lambda p: p['audit'].pop('leaf')),
    ('no .audit.leaf', lambda p: p['audit'].update(leaf={'a': 1})),
    ('no .audit.checkpoint.signature', lambda p: p['audit'].update(checkpoint=[1, 2])),
    ('no .format', lambda p: p.update(format=[p['format']])),
    ('no .statement', lambda p: p.pop('statement')),
    ('no .signer.registration.record', lambda p: p.pop('signer')),
    ('no .chain.issuing', lambda p: p['chain'].pop('issuing')),
    ('no .signatures.0.signature', lambda p: p['signatures'][0].pop('signature')),
    ('no JSON', lambda p: p.update(deep=nested(40))),
])
def test_each_claim_is_checked(maker, words, change):
    r = spoilt(maker, change)
    assert r.returncode == 1 and words in r.stdout, r.stdout + r.stderr
    assert not glob.glob('here*') and not glob.glob(maker.path('here*'))


def nested(n):
    return [nested(n - 1)] if n else 1


@pytest.mark.parametrize('signer,words', [('signer', 'did not sign the sealing'), ('tsu', 'for something else'), ('issuing', 'for something else')])
def test_only_a_sealing_certificate_seals(maker, signer, words):
    """All of these are below the root."""
    text = canonical(proof_of(maker, DOCUMENT, sealer=signer))
    r = check(maker, file_of(text, *sealed(maker, text, signer=signer)))
    assert r.returncode == 1 and words in r.stdout, r.stdout + r.stderr


def test_nothing_but_the_given_root_is_trusted(maker, tmp_path):
    """As when the forger has a certificate of an authority that the system trusts."""
    run('openssl', 'x509', '-in', maker.path('root.pem'), '-out', tmp_path / 'system.pem')
    run('openssl', 'rehash', tmp_path)
    maker.write('proof.json', file_of(*good(maker)))
    env = dict(os.environ, SSL_CERT_DIR=str(tmp_path), SSL_CERT_FILE=str(tmp_path / 'system.pem'))
    r = subprocess.run([SCRIPT, maker.path('stranger.pem'), maker.path('proof.json')], capture_output=True, text=True, env=env)
    assert r.returncode == 1 and 'seal does not fit' in r.stdout, r.stdout + r.stderr


def test_each_octet_of_the_token_counts(maker):
    """Nothing lies above the token: what its signature does not cover must not be free either. Versions and the name of the algorithm in
    SignerInfo are what openssl does not look at."""
    text, seal, token = good(maker)
    at = {token.index(bytes.fromhex('020103')) + 2, token.rindex(bytes.fromhex('020101')) + 2} | {token.rindex(bytes.fromhex('2a8648ce3d040302')) + k for k in range(8)}
    at |= set(range(0, len(token), 97))
    assert check(maker, file_of(text, seal, token)).returncode == 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for k, r in pool.map(lambda k: (k, check_as(maker, f'token{k}', file_of(text, seal, token[:k] + bytes([token[k] ^ 1]) + token[k + 1:]))), at):
            assert r.returncode == 1, (k, r.stdout)
    assert token[:2] == b'\x30\x82'
    for other in (token + b'\0', b'\x30\x83\0' + token[2:]):  # behind it, and a length in more octets than it needs
        assert check(maker, file_of(text, seal, other)).returncode == 1


def test_another_spelling_is_another_file(maker):
    """What decodes to the same octets, or what a reader of JSON would skip, is noticed too."""
    text, seal, token = good(maker)
    whole = file_of(text, seal, token)
    one, two, three, _ = whole.split(b'\n')
    letters = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    for part in (seal, token):
        b64 = base64.b64encode(part)
        if b64.endswith(b'='):  # the last letter has bits that nobody reads
            last = len(b64.rstrip(b'=')) - 1
            other = b64[:last] + letters[letters.index(b64[last]) + 1:][:1] + b64[last + 1:]
            assert base64.b64decode(other) == part
            assert check(maker, whole.replace(b64, other)).returncode == 1
        assert check(maker, whole.replace(b64, b64 + b'=')).returncode == 1
        assert check(maker, whole.replace(b64, b64[:8] + b'=' + b64[8:])).returncode == 1
    for other in (one + b'\n' + text + b' \n' + three + b'\n', one + b'\n' + text + b'\0{}\n' + three + b'\n', whole + b'\n', whole + b'x', whole[:-2],
                  b'\n' + whole, one + b'\r\n' + two + b'\n' + three + b'\n', one + b' \n' + two + b'\n' + three + b'\n',
                  one + b'\n' + two + b'\n' + three.replace(b'","seal_time', b'","x":"","seal_time') + b'\n'):
        assert check(maker, other).returncode == 1, other[:40]


def test_hostile_files(maker, tmp_path):
    """Whatever is given is refused soon, in a sentence, and nothing of it is run."""
    text, seal, token = good(maker)
    b64 = lambda b: base64.b64encode(b)
    hostile = [
        b'{' * 2_000_000, b'\n' * 1_000_000, b'{"proof":\n' + b'[' * 5_000_000 + b'\n,"seal":"AA==","seal_time_stamp":"AA=="}\n',
        b'x' * 40_000_000, file_of(b'{"format":"$(touch here)`touch here`"}', seal, token),
        b'{"proof":\n{}\n,"seal":"$(touch here)","seal_time_stamp":"`touch here`"}\n', file_of(text, b'$(touch here);touch here', token),
        file_of(text, seal, b'\0' * 3_000_000), file_of(text, seal, seal), file_of(text, token, token), b'\xff\xfe' * 1000,
        b'{"proof":\n1\n,"seal":"' + b64(seal) + b'","seal_time_stamp":"' + b64(token) + b'"}\n']
    for data in hostile:
        maker.write('proof.json', data)
        r = subprocess.run([SCRIPT, maker.path('root.pem'), maker.path('proof.json')], capture_output=True, text=True, timeout=30, cwd=tmp_path)
        assert r.returncode == 1 and r.stdout.startswith('WRONG ') and r.stdout.count('\n') == 1, (data[:40], r)
    endless = subprocess.run([SCRIPT, maker.path('root.pem'), '/dev/zero'], capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert endless.returncode == 1 and 'too large' in endless.stdout
    assert not list(tmp_path.iterdir())


def test_names_are_only_names(maker, tmp_path):
    names = ['-proof.json', '--help', '$(touch here).json', ' a b\'"`touch here`.json', '-noout', 'x\ny.json', 'é;touch here']
    data = file_of(*good(maker))
    for folder, names in ((tmp_path, names), (tmp_path / ' $(touch here) -x', names[:1])):
        folder.mkdir(exist_ok=True)
        for name in names:
            for other in folder.iterdir():
                if other.is_file():
                    other.unlink()
            (folder / ('r' + name)).write_bytes(maker.read('root.pem'))
            (folder / name).write_bytes(data)
            (folder / ('-d' + name)).write_bytes(DOCUMENT)
            r = subprocess.run([SCRIPT, '--quiet', 'r' + name, name, '-d' + name], capture_output=True, text=True, cwd=folder,
                               env=dict(os.environ, TMPDIR=str(folder)))
            assert r.returncode == 0, (name, r.stdout + r.stderr)
            assert len(list(folder.iterdir())) - (folder == tmp_path and (tmp_path / ' $(touch here) -x').exists()) == 3, list(folder.iterdir())


def test_what_is_shown_has_no_control_characters(maker):
    proof = proof_of(maker, DOCUMENT)
    proof['audit']['checkpoint']['text'] = text = proof['audit']['checkpoint']['text'].replace('demo', 'de\x1b]0;mo\x07')
    proof['audit']['checkpoint']['signature'] = base64.b64encode(maker.sign('log.key', text.encode())).decode()
    line = canonical(proof)
    r = check(maker, file_of(line, *sealed(maker, line)))
    assert r.returncode == 0 and 'de]0;mo' in r.stdout and '\x1b' not in r.stdout, r.stdout


def test_a_seal_of_somebody_else_fails(maker):
    text = canonical(proof_of(maker, DOCUMENT))
    r = check(maker, file_of(text, *sealed(maker, text, signer='stranger')))
    assert r.returncode == 1 and 'seal' in r.stdout

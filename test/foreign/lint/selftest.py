"""The linter linted: a throw-away PKI made with the openssl command line, and what must be found wrong with it."""
import contextlib
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

import strict

OPENSSL_CONFIG = '''
default_ca = db
default_tsa = tsa_service
[req]
distinguished_name = none
[none]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 2.5.29.32.0
crlDistributionPoints = URI:http://pki.example.org/root.crl
authorityInfoAccess = caIssuers;URI:http://pki.example.org/root.cer
[person]
keyUsage = critical,nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 0.4.0.2042.1.3,1.3.6.1.4.1.32473.1
crlDistributionPoints = URI:http://pki.example.org/ca.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example.org/,caIssuers;URI:http://pki.example.org/ca.cer
[person_loopback]
keyUsage = critical,nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 0.4.0.2042.1.3
crlDistributionPoints = URI:http://127.0.0.1:8080/ca.crl
authorityInfoAccess = OCSP;URI:http://pki.test/ocsp,caIssuers;URI:http://127.0.0.1:8080/ca.cer
[loose]
keyUsage = nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[person_no_status]
keyUsage = critical,nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 0.4.0.2042.1.3
authorityInfoAccess = caIssuers;URI:http://pki.example.org/ca.cer
[ocsp]
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
noCheck = ignored
[tsa]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://pki.example.org/root.crl
[db]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
[crl]
authorityKeyIdentifier = keyid
[tsa_service]
serial = tsa_serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.2
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
'''


class TestPki:
    """A throw-away PKI made with the openssl command line."""

    def __init__(self, folder):
        self.folder = folder
        (folder / 'pki.cnf').write_text(OPENSSL_CONFIG)
        (folder / 'crlnumber').write_text('01\n')
        (folder / 'tsa_serial').write_text('0A0B0C0D0E0F1011\n')
        (folder / 'index.txt').write_text('')
        self.key('root')
        self.run('req', '-new', '-x509', '-key', 'root.key', '-sha256', '-days', '7300', '-subj',
                 '/C=XX/O=Judge/CN=Judge Root', '-config', 'pki.cnf', '-extensions', 'root',
                 '-out', 'root.pem')
        self.issue('ca', 'root', '/C=XX/O=Judge/CN=Judge CA', 3650)
        self.issue('ocsp', 'ca', '/C=XX/O=Judge/CN=Judge OCSP', 365)
        self.issue('tsa', 'root', '/C=XX/O=Judge/CN=Judge TSA', 1825)
        self.person('person')

    def run(self, *arguments):
        subprocess.run(['openssl', *map(str, arguments)], cwd=self.folder, check=True, capture_output=True)

    def key(self, name):
        self.run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', f'{name}.key')

    def issue(self, name, issuer, subject, days, profile=None, serial=None):
        self.key(name)
        self.run('req', '-new', '-utf8', '-key', f'{name}.key', '-subj', subject, '-config', 'pki.cnf',
                 '-out', f'{name}.csr')
        self.run('x509', '-req', '-in', f'{name}.csr', '-CA', f'{issuer}.pem', '-CAkey', f'{issuer}.key',
                 '-set_serial', serial or '0x4a' + os.urandom(15).hex(), '-days', days, '-sha256',
                 '-extfile', 'pki.cnf', '-extensions', profile or name, '-out', f'{name}.pem')

    def person(self, name, profile='person', **more):
        self.issue(name, 'ca', '/C=DE/GN=Erika/SN=Mustermann/CN=Erika Mustermann/serialNumber=P-0001',
                   730, profile, **more)

    def crl(self, name, *options):
        self.run('ca', '-gencrl', '-config', 'pki.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key',
                 *(options or ('-crlexts', 'crl')), '-out', name)

    def ocsp(self, name):
        serial = subprocess.run(['openssl', 'x509', '-in', 'person.pem', '-noout', '-serial'],
                                cwd=self.folder, capture_output=True, text=True).stdout.split('=')[1].strip()
        (self.folder / 'ocsp.txt').write_text(f'V\t491231235959Z\t\t{serial}\tunknown\t/CN=x\n')
        self.run('ocsp', '-issuer', 'ca.pem', '-cert', 'person.pem', '-no_nonce', '-reqout', 'ocsp.req')
        self.run('ocsp', '-index', 'ocsp.txt', '-CA', 'ca.pem', '-rsigner', 'ocsp.pem', '-rkey', 'ocsp.key',
                 '-rmd', 'sha256', '-ndays', '1', '-reqin', 'ocsp.req', '-respout', name)

    def old_ocsp(self, name):
        """A response that was good for one day, ten days ago."""
        from datetime import datetime, timedelta, timezone
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.x509 import ocsp
        cert = {one: x509.load_pem_x509_certificate((self.folder / f'{one}.pem').read_bytes())
                for one in ('ca', 'ocsp', 'person')}
        key = serialization.load_pem_private_key((self.folder / 'ocsp.key').read_bytes(), None)
        when = datetime.now(timezone.utc) - timedelta(days=10)
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(cert['person'], cert['ca'], hashes.SHA1(), ocsp.OCSPCertStatus.GOOD,
                          when, when + timedelta(days=1), None, None)
            .responder_id(ocsp.OCSPResponderEncoding.HASH, cert['ocsp'])
            .certificates([cert['ocsp']])
            .sign(key, hashes.SHA256()))
        (self.folder / name).write_bytes(response.public_bytes(serialization.Encoding.DER))

    def stamp(self, name, text):
        (self.folder / 'data').write_bytes(text)
        self.run('ts', '-query', '-data', 'data', '-sha256', '-cert', '-out', f'{name}.tsq')
        self.run('ts', '-reply', '-config', 'pki.cnf', '-queryfile', f'{name}.tsq', '-signer', 'tsa.pem',
                 '-inkey', 'tsa.key', '-out', f'{name}.tsr')


def resign(der, key_file, change):
    """Apply a change to the to-be-signed part of a certificate or CRL and sign it anew."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    outer = strict.Element(der, 0, len(der), '')
    body = change(outer.children[0].raw)
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    signature = b'\0' + key.sign(body, ec.ECDSA(hashes.SHA256()))
    return encode(0x30, body + outer.children[1].raw + encode(3, signature))


def encode(tag, value, long_form=False):
    size = len(value)
    if size < 0x80 and not long_form:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, 'big')
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def long_length(body):
    """Rewrite the serial number with a length that is longer than need be."""
    outer = strict.Element(body, 0, len(body), '')
    parts = [encode(2, one.value, long_form=True) if n == 1 else one.raw
             for n, one in enumerate(outer.children)]
    return encode(0x30, b''.join(parts))


def selftest(run):
    """`run` is the linter itself, given its command line."""
    passed = failed = 0

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki = TestPki(folder)

        def case(title, good, expected, *arguments):
            """Lint must succeed or, if not good, fail with each expected lint among the errors."""
            nonlocal passed, failed
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code = run([str(one) for one in arguments])
            lines = [json.loads(line) for line in out.getvalue().splitlines()]
            ids = {line['id'] for line in lines if line['severity'] == 'error'}
            right = code == 0 if good else code == 1 and set(expected) <= ids
            passed, failed = passed + right, failed + (not right)
            if not right:
                print(f'FAILED {title}: exit {code}, errors {sorted(ids)}, wanted {expected}\n'
                      + '\n'.join(json.dumps(line) for line in lines if line['severity'] == 'error'))

        def by_zlint(lint):
            return [lint] if 'LINT_ZLINT' in os.environ else []

        def at(file):
            return folder / file

        def cert(file, issuer='ca.pem'):
            return 'cert', at(file), '--issuer', at(issuer)

        case('person', True, [], *cert('person.pem'))
        case('issuing CA', True, [], *cert('ca.pem', 'root.pem'))
        case('root', True, [], 'cert', at('root.pem'))
        case('OCSP responder', True, [], *cert('ocsp.pem'))
        case('TSA', True, [], *cert('tsa.pem', 'root.pem'))
        pki.person('loopback', 'person_loopback')
        case('test host names', True, [], *cert('loopback.pem'))

        pki.person('negative', serial='-4711')
        case('negative serial', False, by_zlint('e_serial_number_not_positive') + ['strict.serial'], *cert('negative.pem'))
        pki.person('long', serial='0x4a' + 'ff' * 20)
        case('long serial', False, by_zlint('e_serial_number_longer_than_20_octets'), *cert('long.pem'))
        pki.person('loose', 'loose')
        case('keyUsage not critical, no OCSP, no policies', False, ['strict.key_usage_critical'], *cert('loose.pem'))
        pki.person('no_status', 'person_no_status')
        case('neither OCSP nor CRL location', False,
             ['etsi.en_319_412_2.gen-4.4.1-8.ocsp_aia_access_method_absent'], *cert('no_status.pem'))
        pki.issue('nameless', 'ca', '/C=DE/CN=Someone', 730, 'person')
        case('no name of a natural person', False,
             ['etsi.en_319_412_2.nat-4.2.4-1.required_attribute_missing'], *cert('nameless.pem'))
        case('wrong issuer', False, ['openssl.verify', 'strict.issuer'], *cert('person.pem', 'root.pem'))
        der = strict.read_der(at('person.pem'))
        at('length.der').write_bytes(resign(der, at('ca.key'), long_length))
        case('length not minimal', False, ['der.length'], *cert('length.der'))
        at('flipped.der').write_bytes(der[:-1] + bytes([der[-1] ^ 1]))
        case('broken signature', False, ['strict.signature', 'openssl.verify'], *cert('flipped.der'))
        at('trailing.der').write_bytes(der + b'\0')
        case('trailing byte', False, ['der.trailing'], *cert('trailing.der'))
        at('garbage.der').write_bytes(b'\x30\x03\x02\x01')
        case('garbage', False, ['openssl.parse', 'gnutls.parse', 'strict.parse'], *cert('garbage.der'))

        pki.crl('good.crl')
        case('CRL', True, [], 'crl', at('good.crl'), '--issuer', at('ca.pem'))
        pki.crl('old.crl', '-crlexts', 'crl', '-crl_lastupdate', '20200101000000Z',
                '-crl_nextupdate', '20200201000000Z')
        case('CRL out of date', False, ['strict.next_update'], 'crl', at('old.crl'), '--issuer', at('ca.pem'))
        case('CRL of another issuer', False, ['openssl.verify', 'gnutls.verify'],
             'crl', at('good.crl'), '--issuer', at('root.pem'))

        pki.ocsp('good.ocsp')
        case('OCSP', True, [], 'ocsp', at('good.ocsp'), '--issuer', at('ca.pem'))
        pki.old_ocsp('old.ocsp')
        case('OCSP out of date', False, ['strict.next_update'], 'ocsp', at('old.ocsp'), '--issuer', at('ca.pem'))
        data = at('good.ocsp').read_bytes()
        at('flipped.ocsp').write_bytes(data.replace(b'\x80\x00\x18\x0f2', b'\x80\x00\x18\x0f1', 1))
        case('OCSP changed', False, ['openssl.verify', 'strict.signature'],
             'ocsp', at('flipped.ocsp'), '--issuer', at('ca.pem'))
        case('OCSP of another CA', False, ['strict.cert_id'],
             'ocsp', at('good.ocsp'), '--issuer', at('root.pem'))

        pki.stamp('good', b'one')
        pki.stamp('other', b'two')
        case('time stamp', True, [], 'tsr', at('good.tsr'), '--root', at('root.pem'), '--query', at('good.tsq'))
        case('time stamp for another query', False, ['openssl.verify', 'strict.imprint'],
             'tsr', at('good.tsr'), '--root', at('root.pem'), '--query', at('other.tsq'))
        case('time stamp under another root', False, ['openssl.verify'],
             'tsr', at('good.tsr'), '--root', at('ca.pem'), '--query', at('good.tsq'))

        saved = os.environ.get('LINT_ZLINT')
        os.environ['LINT_ZLINT'] = str(folder / 'nowhere')
        case('missing tool', False, ['tool.missing'], *cert('person.pem'))
        if saved is None:
            del os.environ['LINT_ZLINT']
        else:
            os.environ['LINT_ZLINT'] = saved
    print(f'{passed} passed, {failed} failed')
    return 0 if not failed else 1

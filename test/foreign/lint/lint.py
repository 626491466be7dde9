"""Lints PKI objects with every tool at hand: see README.md."""
import argparse
import base64
import contextlib
import io
import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from urllib.parse import urlparse

import strict

HINTS = {
    'openssl': 'apt-get install openssl',
    'certtool': 'apt-get install gnutls-bin',
    'ocsptool': 'apt-get install gnutls-bin',
    'zlint': 'it needs Go 1.25 or later',
    'pkilint': 'run the `lint` launcher with network access to a Python package index',
}

# Lint sources of zlint that speak about publicly trusted TLS, S/MIME or code-signing
# certificates. What remains: the RFCs, ETSI EN 319 412-5 and the community's lints.
ZLINT_NOT_OURS = 'CABF_BR,CABF_EV,CABF_CS_BR,CABF_SMIME_BR,Apple,Chrome,Mozilla,RFC6962'

# Names that RFC 2606 and RFC 6761 set aside for tests and examples.
RESERVED = ('example', 'test', 'invalid', 'localhost')


class Report:
    def __init__(self):
        self.counts = {'error': 0, 'warning': 0, 'notice': 0}

    def add(self, tool, file, severity, lint, text, **more):
        self.counts[severity] += 1
        print(json.dumps({'tool': tool, 'file': str(file), 'severity': severity, 'id': lint,
                          'text': text, **more}), flush=True)


class Subject:
    """One object under test, as DER and as PEM, in files that the tools can read."""

    def __init__(self, label, der, pem_type, folder, issuer=None):
        self.label, self.content, self.issuer = label, der, issuer
        count = sum(1 for _ in folder.iterdir())
        self.der = folder / f'{count}.der'
        self.pem = folder / f'{count}.pem'
        self.der.write_bytes(der)
        body = base64.encodebytes(der).decode()
        body = '\n'.join(re.findall('.{1,64}', body.replace('\n', '')))
        self.pem.write_text(f'-----BEGIN {pem_type}-----\n{body}\n-----END {pem_type}-----\n')


# --- tools -----------------------------------------------------------------

def missing(report, tool, item):
    report.add(tool, item.label, 'error', 'tool.missing', f'{tool} is missing: {HINTS[tool]}')


def command(report, tool, item, arguments, lint, accept=None):
    """Run one checking command; anything but success is an error."""
    if not shutil.which(tool):
        missing(report, tool, item)
        return
    run = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, errors='replace')
    text = (run.stderr + '\n' + run.stdout).strip()
    if run.returncode or (accept and accept not in text):
        shown = '\n'.join(line for line in text.splitlines() if not re.fullmatch(r'[A-Za-z0-9+/=]{64}', line))
        report.add(tool, item.label, 'error', lint, shown[-600:] or f'exit status {run.returncode}')


def zlint(report, item):
    binary = os.environ.get('LINT_ZLINT')
    if binary is None:
        return  # not asked for: see README.md
    if not os.access(binary, os.X_OK):
        missing(report, 'zlint', item)
        return
    run = subprocess.run([binary, '-format', 'der', '-excludeSources', ZLINT_NOT_OURS, str(item.der)],
                         capture_output=True, text=True, errors='replace')
    try:
        results = json.loads(run.stdout)
    except ValueError:
        report.add('zlint', item.label, 'error', 'zlint.parse', run.stderr.strip()[-600:])
        return
    names = {'error': 'error', 'fatal': 'error', 'warn': 'warning', 'info': 'notice'}
    for lint, result in sorted(results.items()):
        if result['result'] in names:
            report.add('zlint', item.label, names[result['result']], lint, result.get('details') or lint)


def reserved_host(text):
    """The host that a finding quotes, if it can only be a test name or a loopback address."""
    quoted = re.search(r'"([^"]*)"', text)
    host = quoted.group(1) if quoted else ''
    host = urlparse(host).hostname or host
    try:
        return host if ipaddress.ip_address(host).is_loopback else None
    except ValueError:
        return host if host.rsplit('.', 1)[-1].lower() in RESERVED else None


def pkilint(report, item, module, arguments, profile, second=None):
    try:
        tool = __import__(f'pkilint.bin.{module}', fromlist=['main'])
    except ImportError:
        missing(report, 'pkilint', item)
        return
    files = [str(item.pem)] if second is None else [str(second), str(item.pem)]
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            tool.main(['lint', *arguments, '-s', 'NOTICE', '-f', 'JSON', *files])
        results = json.loads(out.getvalue())['results']
    except (SystemExit, Exception) as exc:
        report.add(f'pkilint-{profile}', item.label, 'error', 'pkilint.parse',
                   (err.getvalue().strip() or f'{type(exc).__name__}: {exc}')[-600:])
        return
    names = {'FATAL': 'error', 'ERROR': 'error', 'WARNING': 'warning', 'NOTICE': 'notice'}
    for result in results:
        for finding in result['finding_descriptions']:
            severity, more = names[finding['severity']], {'at': result['node_path']}
            text = finding.get('message') or finding['code']
            if finding['code'] == 'etsi.internal_domain_name' and (host := reserved_host(text)):
                severity, more['demoted'] = 'notice', f'{host} is a name for tests only'
            report.add(f'pkilint-{profile}', item.label, severity, finding['code'], text, **more)


def own_check(report, item, check, *arguments):
    try:
        for severity, lint, text in check(item.content, *arguments):
            report.add('strict', item.label, severity, lint, text)
    except Exception as exc:  # whatever a reader cannot swallow is a finding
        report.add('strict', item.label, 'error', 'strict.parse', f'{type(exc).__name__}: {exc}')


# --- objects ---------------------------------------------------------------

def lint_certificate(report, item, kind=None):
    try:
        kind = kind or strict.kind_of(item.content)
    except Exception:
        kind = 'unreadable'
    zlint(report, item)
    pkilint(report, item, 'lint_pkix_cert', [], 'pkix')
    if kind == 'person':
        # pkilint knows no LCP; its type for a natural person under NCP comes nearest.
        pkilint(report, item, 'lint_etsi_cert', ['-t', 'NCP-NATURAL-PERSON-CERTIFICATE'], 'etsi')
    command(report, 'openssl', item, ['x509', '-in', item.pem, '-noout', '-text'], 'openssl.parse')
    command(report, 'certtool', item, ['--certificate-info', '--infile', item.pem], 'gnutls.parse')
    issuer = None
    if item.issuer:
        issuer = item.issuer.content
        pkilint(report, item, 'lint_pkix_signer_signee_cert_chain', [], 'chain', item.issuer.pem)
        command(report, 'openssl', item, [
            'verify', '-x509_strict', '-partial_chain', '-trusted', item.issuer.pem, item.pem],
            'openssl.verify')
    own_check(report, item, strict.check_certificate, issuer)


def lint_crl(report, item):
    zlint(report, item)
    pkilint(report, item, 'lint_crl', ['-t', 'CRL', '-p', 'PKIX'], 'crl')
    command(report, 'openssl', item, ['crl', '-in', item.pem, '-noout', '-text'], 'openssl.parse')
    command(report, 'certtool', item, ['--crl-info', '--infile', item.pem], 'gnutls.parse')
    issuer = None
    if item.issuer:
        issuer = item.issuer.content
        # openssl crl exits 0 whatever it finds
        command(report, 'openssl', item, ['crl', '-in', item.pem, '-noout', '-CAfile', item.issuer.pem],
                'openssl.verify', accept='verify OK')
        command(report, 'certtool', item, [
            '--verify-crl', '--load-ca-certificate', item.issuer.pem, '--infile', item.pem],
            'gnutls.verify', accept='Verified.')
    own_check(report, item, strict.check_crl, issuer)


def lint_ocsp(report, item):
    zlint(report, item)
    pkilint(report, item, 'lint_ocsp_response', [], 'ocsp')
    command(report, 'openssl', item, ['ocsp', '-respin', item.der, '-noverify', '-resp_text'], 'openssl.parse')
    command(report, 'ocsptool', item, ['--response-info', '--infile', item.der], 'gnutls.parse')
    issuer = None
    if item.issuer:
        issuer = item.issuer.content
        command(report, 'openssl', item, [
            'ocsp', '-respin', item.der, '-CAfile', item.issuer.pem, '-partial_chain'],
            'openssl.verify', accept='Response verify OK')
        command(report, 'ocsptool', item, [
            '--verify-response', '--load-trust', item.issuer.pem, '--infile', item.der],
            'gnutls.verify', accept='Success')
    own_check(report, item, strict.check_ocsp, issuer)


def lint_tsr(report, item, root, query, folder):
    command(report, 'openssl', item, ['ts', '-reply', '-in', item.der, '-text'], 'openssl.parse')
    inside = []
    try:
        inside = strict.certificates_in(item.content)
    except Exception:
        pass  # the strict reader reports it below
    chain = [Subject(f'{item.label}#certificate{n}', der, 'CERTIFICATE', folder)
             for n, der in enumerate(inside)]
    more = []
    if chain:
        bundle = folder / 'untrusted.pem'
        bundle.write_text(''.join(one.pem.read_text() for one in chain))
        more = ['-untrusted', bundle]
    command(report, 'openssl', item, [
        'ts', '-verify', '-in', item.der, '-queryfile', query, '-CAfile', root, *more],
        'openssl.verify', accept='Verification: OK')
    own_check(report, item, strict.check_tsr, Path(query).read_bytes())
    for one in chain:
        lint_certificate(report, one)


# --- command line ----------------------------------------------------------

def run(argv):
    parser = argparse.ArgumentParser(prog='lint', description='Lint PKI objects with every tool at hand.')
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('cert', 'crl', 'ocsp'):
        one = commands.add_parser(name)
        one.add_argument('files', nargs='+', metavar='FILE')
        one.add_argument('--issuer', metavar='ISSUER', help='certificate of the issuing CA')
        if name == 'cert':
            one.add_argument('--kind', choices=('person', 'ca', 'tsa', 'ocsp'),
                             help='what the certificate is for (default: what its extensions say)')
    one = commands.add_parser('tsr')
    one.add_argument('file')
    one.add_argument('--root', required=True)
    one.add_argument('--query', required=True)
    commands.add_parser('selftest')
    args = parser.parse_args(argv)
    if args.command == 'selftest':
        import selftest
        return selftest.selftest(run)

    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            if args.command == 'tsr':
                item = Subject(args.file, strict.read_der(args.file), 'PKCS7', folder)
                lint_tsr(report, item, args.root, args.query, folder)
            else:
                issuer = args.issuer and Subject(
                    args.issuer, strict.read_der(args.issuer), 'CERTIFICATE', folder)
                for file in args.files:
                    label = {'cert': 'CERTIFICATE', 'crl': 'X509 CRL', 'ocsp': 'OCSP RESPONSE'}[args.command]
                    item = Subject(file, strict.read_der(file), label, folder, issuer)
                    if args.command == 'cert':
                        lint_certificate(report, item, args.kind)
                    else:
                        {'crl': lint_crl, 'ocsp': lint_ocsp}[args.command](report, item)
        except (OSError, ValueError) as exc:
            print(f'lint: {exc}', file=sys.stderr)
            return 2
    return 1 if report.counts['error'] else 0


if __name__ == '__main__':
    warnings.simplefilter('ignore')
    sys.exit(run(sys.argv[1:]))

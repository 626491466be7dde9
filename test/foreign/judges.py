"""What programs of other makers say about our files. For pytest scenarios and for the sweep.

Each function runs one judge and returns a Verdict. A judge that says no is a Verdict with `ok` false and `reasons`; only a
missing or broken judge raises (Missing). Python standard library only; nothing here knows how Paraph works inside.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {'pdfsig': 'poppler-utils', 'pdftoppm': 'poppler-utils', 'pdfinfo': 'poppler-utils', 'qpdf': 'qpdf', 'certtool': 'gnutls-bin',
            'ocsptool': 'gnutls-bin', 'openssl': 'openssl', 'mvn': 'maven', 'java': 'default-jdk-headless'}


class Missing(Exception):
    """A judge is not there, or did not work as a program."""


@dataclass
class Verdict:
    judge: str
    ok: bool
    reasons: list = field(default_factory=list)
    detail: object = None

    def __bool__(self):
        return self.ok

    def __str__(self):
        return f'{self.judge}: ' + ('ok' if self.ok else '; '.join(self.reasons) or 'no')


def need(tool):
    if not shutil.which(tool):
        raise Missing(f'{tool} is missing (Debian package {PACKAGES.get(tool, tool)})')


def run(*command, timeout=300, stdin=None):
    command = [str(part) for part in command]
    if '/' not in command[0]:
        need(command[0])
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
    return subprocess.run(command, capture_output=True, text=True, errors='replace', timeout=timeout, env=environment,
                          input=stdin)


def listed(one_or_many):
    return [one_or_many] if isinstance(one_or_many, (str, Path)) else list(one_or_many)


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


# --- PDF ----------------------------------------------------------------------------

def pdfsig(path, signatures=None, timeout=60):
    """Poppler: every signature is intact. It checks no document time-stamps, and trust only in its NSS store.

    `signatures`: how many there must be. detail: one dictionary a signature.
    """
    # without -nocert it would look for a trust store and the network
    try:
        answer = run('pdfsig', '-nocert', path, timeout=timeout)
    except subprocess.TimeoutExpired:
        return Verdict('pdfsig', False, [f'no answer in {timeout} s'], [])
    found, reasons = [], []
    for line in lines(answer.stdout):
        if line.startswith('Signature #'):
            found.append({})
        elif found and ':' in line:
            name, value = line.lstrip('- ').split(':', 1)
            found[-1][name.strip()] = value.strip()
    signed = [one for one in found if one.get('Signature Type') not in ('unknown', None)]
    for one in signed:
        if one.get('Signature Validation') != 'Signature is Valid.':
            reasons.append(f"{one.get('Signature Field Name')}: {one.get('Signature Validation')}")
    if not signed:
        reasons.append('no signature: ' + ' '.join(lines(answer.stdout + answer.stderr))[:200])
    if signatures is not None and len(signed) != signatures:
        reasons.append(f'{len(signed)} signatures, not {signatures}')
    return Verdict('pdfsig', not reasons, reasons, signed)


def qpdf_check(path, timeout=60):
    """qpdf: syntax is clean. detail: 'clean', 'warn' or 'error'."""
    try:
        answer = run('qpdf', '--check', path, timeout=timeout)
    except subprocess.TimeoutExpired:
        return Verdict('qpdf', False, [f'no answer in {timeout} s'], 'error')
    state = {0: 'clean', 3: 'warn'}.get(answer.returncode, 'error')
    told = [line for line in lines(answer.stderr + '\n' + answer.stdout) if 'WARNING' in line or 'rror' in line]
    return Verdict('qpdf', state == 'clean', [] if state == 'clean' else told[:5] or [f'exit {answer.returncode}'], state)


def prefix(original, signed, most=None):
    """The original's bytes begin the signed file. detail: growth in bytes; `most`: growth permitted."""
    with open(original, 'rb') as old, open(signed, 'rb') as new:
        grown = os.fstat(new.fileno()).st_size - os.fstat(old.fileno()).st_size
        same, at = True, 0
        while same and (part := old.read(1 << 20)):
            same, at = new.read(len(part)) == part, at + len(part)
    reasons = [] if same else [f'bytes differ before offset {at}']
    if grown <= 0:
        reasons.append('nothing was appended')
    if most is not None and grown > most:
        reasons.append(f'grown by {grown} bytes, more than {most}')
    return Verdict('prefix', not reasons, reasons, grown)


def flipped(path, target, at):
    """Writes a copy with the lowest bit of the byte at this offset changed: no judge may accept it."""
    data = bytearray(Path(path).read_bytes())
    data[at] ^= 1
    Path(target).write_bytes(data)
    return target


def json_lines(judge, answer, accepted):
    if answer.returncode not in accepted:
        raise Missing(f'{judge} (exit {answer.returncode}): ' + (answer.stderr.strip() or answer.stdout.strip())[-500:])
    return [json.loads(line) for line in answer.stdout.splitlines() if line.startswith('{')]


def pyhanko_many(paths, root, level='LTA', at=None, revinfo=(), online=False, timeout=1800):
    """pyHanko on several files at once (much faster than one by one): a list of Verdicts.

    A Verdict is ok when each signature is intact, valid, trusted, covers its whole revision, is followed by LTA updates or
    further signatures only, reaches the level, stays provable after the certificate's end, and the last document time-stamp
    (at LTA) covers the entire file. detail: the judge's whole answer, see pyhanko/README.md.
    """
    command = [HERE / 'pyhanko/judge', 'validate', '--level', level]
    for one in listed(root):
        command += ['--trust', one]
    for one in revinfo:
        command += ['--revinfo', one]
    command += (['--at', at] if at else []) + (['--online'] if online else [])
    answers = json_lines('pyhanko', run(*command, *paths, timeout=timeout), (0, 1))
    return [pyhanko_verdict(one, level) for one in answers]


def pyhanko_verdict(answer, level):
    reasons = list(answer['errors'])
    for one in answer['signatures']:
        if not one['ok']:
            reasons += [f"{one['field']}: {text}" for text in one['errors'] or ['not ok']]
    stamps = [one for one in answer['signatures'] if one.get('type') == 'document time stamp']
    if level == 'LTA' and (not stamps or stamps[-1].get('coverage') != 'ENTIRE_FILE'):
        reasons.append('no document time-stamp covers the entire file')
    return Verdict('pyhanko', answer['ok'] and not reasons, reasons, answer)


def pyhanko(path, root, level='LTA', **options):
    return pyhanko_many([path], root, level, **options)[0]


def dss_many(paths, root, level='LTA', strict=True, at=None, online=False, timeout=1800):
    """EU DSS on several files at once: a list of Verdicts. detail: the judge's whole answer, see dss/README.md."""
    need('java')
    need('mvn')
    command = [HERE / 'dss/dss', 'validate']
    for one in listed(root):
        command += ['--trust', one]
    command += ['--level', level] if level else []
    command += (['--strict'] if strict else []) + (['--at', at] if at else []) + (['--online'] if online else [])
    answers = json_lines('dss', run(*command, *paths, timeout=timeout), (0, 1))
    return [Verdict('dss', one['passed'], one.get('why') or ([] if one['passed'] else [one['verdict']]), one)
            for one in answers]


def dss(path, root, level='LTA', **options):
    return dss_many([path], root, level, **options)[0]


def dss_there():
    """Are a JDK and Maven at hand? (`./check --foreign` only)"""
    return bool(shutil.which('java') and shutil.which('mvn'))


# --- linters ----------------------------------------------------------------------------

def lint(kind, *arguments):
    """All linters on one object; ok means no finding of severity error. detail: all findings."""
    findings = json_lines('lint', run(HERE / 'lint/lint', kind, *arguments), (0, 1))
    for one in findings:
        if one['id'] == 'tool.missing':
            raise Missing(one['text'])
    wrong = [f"{one['tool']} {one['id']}: {one['text']}" for one in findings if one['severity'] == 'error']
    return Verdict(f'lint {kind}', not wrong, wrong, findings)


def lint_cert(path, issuer=None, kind=None):
    """kind: person, ca, tsa or ocsp; without it, what the certificate's extensions say."""
    return lint('cert', path, *(['--issuer', issuer] if issuer else []), *(['--kind', kind] if kind else []))


def lint_crl(path, issuer=None):
    return lint('crl', path, *(['--issuer', issuer] if issuer else []))


def lint_ocsp(path, issuer=None):
    return lint('ocsp', path, *(['--issuer', issuer] if issuer else []))


def lint_tsr(path, root, query):
    return lint('tsr', path, '--root', root, '--query', query)


# --- OpenSSL -------------------------------------------------------------------------------

def openssl(*arguments, accept=None, judge='openssl'):
    """One openssl command; `accept` is the text it must print, as some exit 0 whatever they find."""
    answer = run('openssl', *arguments)
    text = (answer.stdout + '\n' + answer.stderr).strip()
    ok = answer.returncode == 0 and (accept is None or re.search(accept, text) is not None)
    return Verdict(judge, ok, [] if ok else [text[-600:] or f'exit {answer.returncode}'], text)


def is_pem(path):
    return Path(path).read_bytes()[:2000].find(b'-----BEGIN ') >= 0


def as_pem(path, folder, kind='x509'):
    """The path of a PEM copy: older OpenSSL reads only PEM as -CAfile and -untrusted."""
    if is_pem(path):
        return Path(path)
    target = Path(folder, hashlib.sha256(str(path).encode()).hexdigest()[:16] + '.pem')
    answer = run('openssl', kind, '-inform', 'DER', '-in', path, '-out', target)
    if answer.returncode:
        raise ValueError(f'{path}: ' + answer.stderr.strip())
    return target


def openssl_chain(cert, root, untrusted=(), crls=(), at=None):
    """The certificate chains to the root under OpenSSL's strict rules; with `crls`, none on the way is revoked."""
    with tempfile.TemporaryDirectory() as folder:
        command = ['verify', '-x509_strict', '-CAfile', as_pem(root, folder)]
        for one in listed(untrusted):
            command += ['-untrusted', as_pem(one, folder)]
        for one in listed(crls):
            command += ['-CRLfile', as_pem(one, folder, 'crl')]
        command += ['-crl_check_all'] if crls else []
        command += ['-attime', str(int(at))] if at else []
        try:
            leaf = as_pem(cert, folder)
        except ValueError as unreadable: # OpenSSL 3.5 does not even read what 3.0 only refuses to trust
            return Verdict('openssl verify', False, [str(unreadable)], '')
        return openssl(*command, leaf, judge='openssl verify')


def openssl_crl(path, issuer):
    with tempfile.TemporaryDirectory() as folder:
        return openssl('crl', '-in', as_pem(path, folder, 'crl'), '-noout', '-text', '-CAfile', as_pem(issuer, folder),
                       accept='verify OK', judge='openssl crl')


def openssl_ocsp(response, issuer, cert=None, root=None):
    """The response verifies; with `cert`, detail holds what it says of it: good, revoked, unknown."""
    with tempfile.TemporaryDirectory() as folder:
        issuer = as_pem(issuer, folder)
        trust = ['-CAfile', as_pem(root, folder), '-verify_other', issuer] if root else ['-CAfile', issuer, '-partial_chain']
        asked = ['-cert', as_pem(cert, folder)] if cert else []
        verdict = openssl('ocsp', '-issuer', issuer, *asked, '-respin', response, *trust, accept='Response verify OK',
                          judge='openssl ocsp')
        status = re.search(r': (good|revoked|unknown)$', verdict.detail, re.M)
        verdict.detail = status.group(1) if status else verdict.detail
        return verdict


def openssl_ts(token, root, query=None, data=None, untrusted=(), bare=False):
    """A time-stamp response (bare: a token without the response around it) for this query or these data."""
    with tempfile.TemporaryDirectory() as folder:
        command = ['ts', '-verify', '-in', token, '-CAfile', as_pem(root, folder)]
        command += ['-queryfile', query] if query else ['-data', data]
        command += ['-token_in'] if bare else []
        for one in listed(untrusted):
            command += ['-untrusted', as_pem(one, folder)]
        return openssl(*command, accept='Verification: OK', judge='openssl ts')


def openssl_cms(signature, content, root, purpose='any'):
    """A detached CMS signature in DER over this content."""
    with tempfile.TemporaryDirectory() as folder:
        return openssl('cms', '-verify', '-binary', '-inform', 'DER', '-in', signature, '-content', content, '-CAfile',
                       as_pem(root, folder), '-purpose', purpose, '-out', os.devnull, accept='[Vv]erification successful',
                       judge='openssl cms')


# --- GnuTLS --------------------------------------------------------------------------------

def gnutls(tool, *arguments, accept=None):
    answer = run(tool, *arguments)
    text = (answer.stdout + '\n' + answer.stderr).strip()
    ok = answer.returncode == 0 and (accept is None or accept in text)
    return Verdict(tool, ok, [] if ok else [text[-600:]], text)


def certtool_cert(path):
    """GnuTLS reads the certificate."""
    with tempfile.TemporaryDirectory() as folder:
        return gnutls('certtool', '--certificate-info', '--infile', as_pem(path, folder))


def certtool_chain(cert, root, between=()):
    """GnuTLS chains the certificate to the root."""
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, 'chain')
        chain.write_text(''.join(as_pem(one, folder).read_text() for one in [cert, *listed(between)]))
        return gnutls('certtool', '--verify', '--load-ca-certificate', as_pem(root, folder), '--infile', chain,
                      accept='Chain verification output: Verified')


def certtool_crl(path, issuer):
    with tempfile.TemporaryDirectory() as folder:
        return gnutls('certtool', '--verify-crl', '--load-ca-certificate', as_pem(issuer, folder), '--infile',
                      as_pem(path, folder, 'crl'), accept='Verified.')


def ocsptool(response, issuer):
    with tempfile.TemporaryDirectory() as folder:
        return gnutls('ocsptool', '--verify-response', '--load-trust', as_pem(issuer, folder), '--infile', response,
                      accept='Success')

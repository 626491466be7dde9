"""Independent PAdES judge: see README.md."""
import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import warnings
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

from asn1crypto import crl, ocsp, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation, simulate_future_ades_lta_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

LEVELS = ('B', 'T', 'LT', 'LTA')
LOOPBACK = ('127.0.0.1', '::1', 'localhost')


# --- network ---------------------------------------------------------------

class Network:
    """Refuses every connection of this process or, when online, all but loopback."""
    online = False

    @classmethod
    def guard(cls):
        sys.addaudithook(cls.hook)

    @classmethod
    def hook(cls, event, args):
        if event == 'socket.getaddrinfo':
            host = args[0]
        elif event in ('socket.connect', 'socket.sendto', 'socket.sendmsg'):
            host = args[1][0] if isinstance(args[1], tuple) else None
        else:
            return
        if isinstance(host, bytes):
            host = host.decode('ascii', 'replace')
        if host is None or cls.online and (host in LOOPBACK or host.startswith('127.')):
            return
        raise PermissionError(f'network use denied: {host}')


# --- small functions ---------------------------------------------------------

def reason(exc):
    parts = []
    while exc is not None and len(parts) < 4:
        text = getattr(exc, 'failure_message', None) or str(exc)
        parts.append(f'{type(exc).__name__}: {text}')
        exc = exc.__cause__ or exc.__context__
    return ' <- '.join(parts)


def read_der(path):
    data = Path(path).read_bytes()
    return pem.unarmor(data)[2] if pem.detect(data) else data


def read_roots(paths):
    roots = []
    for path in paths:
        data = Path(path).read_bytes()
        ders = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        roots += [x509.Certificate.load(der, strict=True) for der in ders]
    return roots


def read_revinfo(paths):
    """CRLs and OCSP responses handed over beside the file."""
    ocsps, crls = [], []
    for path in paths:
        der = read_der(path)
        try:
            response = ocsp.OCSPResponse.load(der, strict=True)
            response.basic_ocsp_response.native
            ocsps += OCSPContainer.load_multi(response)
        except (ValueError, TypeError):
            crls.append(CRLContainer(crl.CertificateList.load(der, strict=True)))
    return ocsps, crls


class LogTrap(logging.Handler):
    """pyHanko tells why it fell back to something weaker only in its log."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            text += ' | ' + reason(record.exc_info[1])
        if text not in self.lines:
            self.lines.append(text)


def indication(result):
    sub = result.ades_subindic
    return f'{sub.status.name}/{getattr(sub, "name", sub)}'


# --- validation ------------------------------------------------------------

class Policy:
    """Trust roots, reference time, extra revocation data and network rule."""

    def __init__(self, roots, at=None, online=False, revinfo=()):
        self.roots, self.at = roots, at
        ocsps, crls = read_revinfo(revinfo)
        # pyHanko's past validation looks for the issuer of a root's CRL among the
        # known certificates only, not among the trust anchors: so name them here too.
        self.extra = LocalKnowledge(known_ocsps=ocsps, known_crls=crls, known_certs=roots)
        self.spec = PdfSignatureValidationSpec(SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=SimpleTrustManager.build(trust_roots=roots),
                revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO)),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                RevinfoOnlineFetchingRule.NO_HISTORICAL_FETCH if online
                else RevinfoOnlineFetchingRule.LOCAL_ONLY,
                certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH),
            local_knowledge=self.extra))
        self.online = online

    def timing(self):
        if self.at is None:
            return ValidationTimingInfo.now(tz=timezone.utc)
        return ValidationTimingInfo(self.at, self.at, point_in_time_validation=True)

    def context(self, store, require=True):
        """A context for pyHanko's plain validation, fed from the DSS."""
        kwargs = {
            'trust_roots': self.roots,
            'allow_fetching': self.online and self.at is None,
            'revocation_mode': 'require' if require else 'none',
            'ocsps': [one.ocsp_response_data for one in self.extra.known_ocsps],
            'crls': [one.crl_data for one in self.extra.known_crls],
        }
        if self.at is not None:
            kwargs['moment'] = self.at
        return store.as_validation_context(kwargs) if store else ValidationContext(**kwargs)


def pades_form(sig):
    """Points of EN 319 142-1 clause 6.3 that no pyHanko verdict depends on."""
    wrong = []
    if sig.sig_object.get('/SubFilter') != '/ETSI.CAdES.detached':
        wrong.append('SubFilter is not ETSI.CAdES.detached')
    if '/M' not in sig.sig_object:
        wrong.append('signature dictionary has no M entry')
    if '/Cert' in sig.sig_object:
        wrong.append('signature dictionary has a Cert entry')
    if len(sig.signed_data['signer_infos']) != 1:
        wrong.append('not exactly one SignerInfo')
    names = [attr['type'].native for attr in sig.signer_info['signed_attrs']]
    for needed in ('content_type', 'message_digest'):
        if needed not in names:
            wrong.append(f'no signed attribute {needed}')
    if not {'signing_certificate', 'signing_certificate_v2'} & set(names):
        wrong.append('no signed attribute signing_certificate(_v2)')
    if 'signing_time' in names:
        wrong.append('signed attribute signing_time is present')
    if len(names) != len(set(names)):
        wrong.append('a signed attribute occurs twice')
    if sig.signed_data['encap_content_info']['content'].native is not None:
        wrong.append('CMS is not detached')
    return wrong


def sound(status):
    stamp = status.timestamp_validity if status else None
    return bool(stamp and stamp.valid and stamp.intact)


def changes(sig, fields):
    """Coverage and later changes; fields are the names of all signature fields."""
    diff = sig.diff_result
    level = diff.modification_level if isinstance(diff, DiffResult) else (
        ModificationLevel.NONE if diff is None and sig.coverage == SignatureCoverageLevel.ENTIRE_FILE
        else ModificationLevel.OTHER)
    permitted = sig.coverage >= SignatureCoverageLevel.ENTIRE_REVISION and (
        level <= ModificationLevel.LTA_UPDATES
        # Adding a further signature counts as form filling.
        or level == ModificationLevel.FORM_FILLING and diff.changed_form_fields <= fields)
    return {
        'coverage': sig.coverage.name,
        'modification_level': level.name,
        'changes_permitted': permitted,
    }


async def judge_signature(sig, policy, store, fields, wanted):
    errors = []
    sig.compute_integrity_info()
    entry = {
        'field': sig.field_name,
        'type': 'signature',
        'signer': sig.signer_cert.subject.human_friendly,
        **changes(sig, fields),
        'docmdp_ok': bool(sig.summarise_integrity_info()['docmdp_ok']),
    }
    if not entry['changes_permitted']:
        errors.append('later changes not permitted: '
                      + (str(sig.diff_result) if sig.diff_result else entry['modification_level']))

    # Validation at the reference time, as a reader without LTV logic would do it.
    plain = None
    try:
        plain = await async_validate_pdf_signature(
            sig, policy.context(store), policy.context(store))
        entry.update(intact=plain.intact, valid=plain.valid, seed_value_ok=plain.seed_value_ok,
                     plain=plain.summary())
    except Exception as exc:
        entry.update(intact=False, valid=False, seed_value_ok=False, plain=None)
        errors.append('plain validation: ' + reason(exc))

    # EN 319 102-1 validation with long-term material.
    reached, future = None, None
    try:
        lta = await ades_lta_validation(sig, policy.spec, policy.timing())
        stamp = lta.signature_timestamp_status
        passed = lta.ades_subindic.status.name == 'PASSED'
        stamped = sound(plain) and bool(
            stamp and stamp.ades_subindic.status.name == 'PASSED'
            or plain.timestamp_validity.trusted
            # Revocation data of an older file is stale by now, and pyHanko then has no word
            # for the inner time stamp; the LTV profile check judges it at the outer one's time.
            or passed and lta.oldest_evidence_record_timestamp)
        entry.update(
            ades=indication(lta),
            signature_time=lta.best_signature_time.isoformat() if lta.best_signature_time else None,
            timestamp=indication(stamp) if stamp else None,
            archive_time=(lta.oldest_evidence_record_timestamp.isoformat()
                          if lta.oldest_evidence_record_timestamp else None))
        if not passed:
            errors.append(f'AdES: {lta.failure_msg}')
        if passed and stamped and store:
            # Still provable the day after the signer's certificate has expired?
            now = policy.timing().validation_time
            expiry = max(sig.signer_cert.not_valid_after, now) + timedelta(days=1)
            later = await simulate_future_ades_lta_validation(sig, policy.spec, expiry, now)
            future = indication(later)
            if not future.startswith('PASSED'):
                errors.append(f'AdES after expiry: {later.failure_msg}')
        if passed:
            reached = 'B'
            if stamped:
                reached = 'T'
                if future and future.startswith('PASSED'):
                    reached = 'LTA' if lta.oldest_evidence_record_timestamp else 'LT'
        trusted = passed
    except Exception as exc:
        trusted = stamped = False
        entry.update(ades=None, signature_time=None, timestamp=None, archive_time=None)
        errors.append('AdES: ' + reason(exc))

    # Below LTA there is no archive time stamp to start from, and at B and T not even
    # revocation data in the file: there the plain validation decides.
    if wanted != 'LTA' and not trusted and plain is not None:
        try:
            short = plain
            if wanted in ('B', 'T') and not policy.online:
                context = policy.context(store, require=False)
                short = await async_validate_pdf_signature(sig, context, context)
            trusted = short.trusted
            stamped = sound(short) and short.timestamp_validity.trusted
            if trusted:
                reached = ('LT' if store and short is plain else 'T') if stamped else 'B'
                entry['decided_by'] = short.summary()
                errors = [one for one in errors if not one.startswith('AdES')]
        except Exception as exc:
            errors.append('without revocation: ' + reason(exc))

    entry['form'] = pades_form(sig)
    errors += [f'form: {one}' for one in entry['form']]
    entry.update(trusted=trusted, timestamp_valid=stamped, ades_after_expiry=future, level=reached)
    entry['bottom_line'] = all((
        entry['intact'], entry['valid'], trusted, entry['docmdp_ok'], entry['seed_value_ok'],
        stamped or wanted == 'B'))
    entry['ltv_ok'] = reached is not None and LEVELS.index(reached) >= LEVELS.index(wanted)
    if not entry['ltv_ok']:
        errors.append(f'level {wanted} wanted, {reached or "none"} reached')
    entry['ok'] = bool(entry['bottom_line'] and entry['changes_permitted'] and entry['ltv_ok']
                       and not entry['form'])
    entry['errors'] = errors
    return entry


async def judge_stamp(sig, policy, store, fields):
    errors = []
    sig.compute_integrity_info()
    entry = {'field': sig.field_name, 'type': 'document time stamp',
             'signer': sig.signer_cert.subject.human_friendly, **changes(sig, fields)}
    if not entry['changes_permitted']:
        errors.append('later changes not permitted: ' + str(sig.diff_result))
    try:
        status = await async_validate_pdf_timestamp(sig, policy.context(store))
        entry.update(intact=status.intact, valid=status.valid, trusted_now=status.trusted,
                     time=status.timestamp.isoformat(), plain=status.summary())
    except Exception as exc:
        entry.update(intact=False, valid=False, trusted_now=False, time=None, plain=None)
        errors.append(reason(exc))
    # Trust in old time stamps comes from newer ones; the signatures' verdicts cover that.
    entry['ok'] = bool(entry['intact'] and entry['valid'] and entry['changes_permitted'])
    entry['errors'] = errors
    return entry


async def judge_bytes(data, policy, wanted):
    result = {'ok': False, 'size': len(data), 'signatures': [], 'errors': []}
    try:
        reader = PdfFileReader(BytesIO(data))
        result['revisions'] = reader.xrefs.total_revisions
        embedded = reader.embedded_signatures
        try:
            store = DocumentSecurityStore.read_dss(reader)
        except NoDSSFoundError:
            store = None
        fields = {sig.field_name for sig in embedded}
        for sig in embedded:
            try:
                if sig.sig_object_type == '/DocTimeStamp':
                    entry = await judge_stamp(sig, policy, store, fields)
                else:
                    entry = await judge_signature(sig, policy, store, fields, wanted)
            except Exception as exc:
                entry = {'field': sig.field_name, 'ok': False, 'errors': [reason(exc)]}
            result['signatures'].append(entry)
    except Exception as exc:
        result['errors'].append(reason(exc))
    if data[data.rfind(b'%%EOF') + 5:].strip():
        result['errors'].append('bytes after the last %%EOF')
    if not any(entry.get('type') == 'signature' for entry in result['signatures']):
        result['errors'].append('no signature')
    result['ok'] = not result['errors'] and all(entry['ok'] for entry in result['signatures'])
    return result


def judge_file(path, policy, wanted):
    trap = LogTrap()
    logging.getLogger().addHandler(trap)
    try:
        result = asyncio.run(judge_bytes(Path(path).read_bytes(), policy, wanted))
    except OSError as exc:
        result = {'ok': False, 'signatures': [], 'errors': [reason(exc)]}
    finally:
        logging.getLogger().removeHandler(trap)
    return {'file': str(path), **result, 'log': trap.lines}


def second_opinion(results, trust, at, revinfo):
    """The LTV profile check of pyHanko 0.34, in its own environment."""
    python = os.environ.get('JUDGE_LTV_PYTHON')
    files = [r['file'] for r in results if r['signatures']]
    if not python or not files:
        return
    request = {'files': files, 'trust': [str(p) for p in trust], 'revinfo': [str(p) for p in revinfo],
               'at': at.isoformat() if at else None}
    run = subprocess.run(
        [python, str(Path(__file__).with_name('ltv_profile.py'))],
        input=json.dumps(request), capture_output=True, text=True)
    answers = json.loads(run.stdout) if run.returncode == 0 else {}
    for result in results:
        for entry in result['signatures']:
            if entry.get('type') != 'signature':
                continue
            answer = answers.get(result['file'], {})
            verdict = answer.get(entry['field']) or answer.get('') or {
                'passed': False, 'error': (run.stderr.strip() or 'no answer')[-300:]}
            entry['ltv_profile'] = 'PASSED' if verdict['passed'] else 'FAILED'
            if not verdict['passed']:
                entry['errors'].append('LTV profile: ' + verdict['error'])
                entry['ltv_ok'] = entry['ok'] = result['ok'] = False


def validate(files, trust, at=None, online=False, wanted='LTA', revinfo=()):
    policy = Policy(read_roots(trust), at, online, revinfo)
    results = [judge_file(path, policy, wanted) for path in files]
    if wanted == 'LTA':
        second_opinion(results, trust, at, revinfo)
    return results


# --- command line ----------------------------------------------------------

def moment(text):
    when = datetime.fromisoformat(text.replace('Z', '+00:00'))
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def arguments():
    parser = argparse.ArgumentParser(prog='judge', description='Independent PAdES judge.')
    commands = parser.add_subparsers(dest='command', required=True)
    one = commands.add_parser('validate', help='judge every signature of every file')
    one.add_argument('--trust', action='append', required=True, metavar='ROOT.pem')
    one.add_argument('--online', action='store_true', help='may fetch revocation data from loopback')
    one.add_argument('--at', type=moment, metavar='ISO', help='reference time (default: now)')
    one.add_argument('--level', choices=LEVELS, default='LTA', help='level to demand (default LTA)')
    one.add_argument('--revinfo', action='append', default=[], metavar='FILE',
                     help='current CRL or OCSP response, e.g. for the outer TSA certificate')
    one.add_argument('files', nargs='+', metavar='FILE')
    commands.add_parser('selftest')
    return parser.parse_args()


def main():
    args = arguments()
    Network.online = getattr(args, 'online', False)
    Network.guard()
    warnings.simplefilter('ignore')
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        if args.command == 'selftest':
            import selftest
            return selftest.run(validate, Network)
        results = validate(args.files, args.trust, args.at, args.online, args.level, args.revinfo)
        for result in results:
            print(json.dumps(result, default=str))
        return 0 if all(result['ok'] for result in results) else 1
    except (OSError, ValueError) as exc:
        print(f'judge: {reason(exc)}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())

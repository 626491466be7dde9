"""The judge judged: good files must pass, and each kind of bad one must fail. See README.md."""
import contextlib
import http.server
import json
import socket
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

from asn1crypto import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from testpki import Pki, sample_pdf


@contextlib.contextmanager
def status_server():
    """OCSP by POST and the root's CRL by GET, on loopback."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, content_type, body):
            self.server.asked.append(self.command)
            self.send_response(200)
            self.send_header('Content-Type', content_type)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer('application/pkix-crl', self.server.pki.crls[0])

        def do_POST(self):
            request = ocsp.OCSPRequest.load(self.rfile.read(int(self.headers['Content-Length'])))
            serial = request['tbs_request']['request_list'][0]['req_cert']['serial_number'].native
            pki = self.server.pki
            entity = next(one for one in (pki.signer, pki.tsa) if one.cert.serial_number == serial)
            self.answer('application/ocsp-response', pki.make_ocsp(entity))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.asked, server.url = [], f'http://127.0.0.1:{server.server_port}/'
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def run(validate, Network):
    """`validate` and `Network` are the running judge's own."""
    passed = failed = 0

    def check(name, good, detail=None):
        nonlocal passed, failed
        passed, failed = passed + bool(good), failed + (not good)
        if not good:
            print(f'FAILED {name}: {json.dumps(detail, default=str)}')

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def put(file, data):
            (folder / file).write_bytes(data)
            return folder / file

        pki, stranger = Pki(), Pki()
        root, other = put('root.pem', pki.root_pem), put('other.pem', stranger.root_pem)
        original = sample_pdf(2000)
        put('original.pdf', original)
        signed = {level: pki.sign(original, level) for level in ('B', 'T', 'LTA')}

        def verdict(data, trust=root, **options):
            return validate([put('case.pdf', data)], [trust], **options)[0]

        for level, data in signed.items():
            check(f'{level} passes at {level}', (r := verdict(data, wanted=level))['ok'], r)
        entry = verdict(signed['LTA'])['signatures'][0]
        check('second opinion given', entry.get('ltv_profile') == 'PASSED', entry)
        check('provable after expiry', entry['ades_after_expiry'] == 'PASSED/OK', entry)
        check('T is not LTA', not (r := verdict(signed['T']))['ok'], r)
        check('B is not T', not (r := verdict(signed['B'], wanted='T'))['ok'], r)
        check('wrong root', not (r := verdict(signed['LTA'], other))['ok'], r)
        check('unsigned file', not (r := verdict(original))['ok'], r)
        check('cut file', not (r := verdict(signed['LTA'][:-200]))['ok'], r)

        def flip(data, at):
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]

        lta = signed['LTA']
        amount = lta.index(b'100 EUR')
        check('flipped byte in the page', not (r := verdict(flip(lta, amount)))['ok'], r)
        gap = lta.index(b'/Contents <') + 200
        check('flipped byte in the CMS', not (r := verdict(
            lta[:gap] + (b'0' if lta[gap:gap + 1] != b'0' else b'1') + lta[gap + 1:]))['ok'], r)
        stamp = lta.index(b'/DocTimeStamp')
        der = lta.rindex(b'stream\r\n' if b'stream\r\n' in lta else b'stream\n', 0, stamp) + 300
        check('flipped byte in the DSS', not (r := verdict(flip(lta, der)))['ok'], r)

        writer = IncrementalPdfFileWriter(BytesIO(lta))
        writer.add_stream_to_page(0, writer.add_object(generic.StreamObject(
            stream_data=b'BT /F1 18 Tf 72 600 Td (amount due: 9999 EUR) Tj ET')))
        changed = BytesIO()
        writer.write(changed)
        check('later page change', not (r := verdict(changed.getvalue()))['ok'], r)

        twice = pki.sign(lta, 'LTA', field='Signature2')
        check('second signature', (r := verdict(twice))['ok'], r)

        before_stamp = lta[:lta.index(b'%%EOF', len(signed['T']) - 400) + 6]
        check('no document time stamp', not (r := verdict(before_stamp))['ok'], r)
        check('bytes after the end', not (r := verdict(lta + b'junk'))['ok'], r)
        check('LTA passes at LT', (r := verdict(lta, wanted='LT'))['ok'], r)
        check('T is not LT', not (r := verdict(signed['T'], wanted='LT'))['ok'], r)
        late, no_store = pki.archive_late(signed['T'])
        check('archive without DSS', not (r := verdict(no_store))['ok'], r)
        check('DSS outside the document time stamp', not (r := verdict(late))['ok'], r)
        check('DSS alone is LT', (r := verdict(pki.add_store(signed['T']), wanted='LT'))['ok'], r)
        check('DSS alone is not LTA', not (r := verdict(pki.add_store(signed['T'])))['ok'], r)

        # 90 days on the outer time stamp needs fresh revocation data, and so does, for
        # pyHanko, a signer whose CA has a second (the TSA's) OCSP response in the file.
        later = datetime.now(timezone.utc) + timedelta(days=90)
        check('stale without data', not (r := verdict(lta, at=later))['ok'], r)
        fresh = [put('ca.crl', pki.make_crl(pki.root, later)),
                 put('tsa.ocsp', pki.make_ocsp(pki.tsa, later)),
                 put('signer.ocsp', pki.make_ocsp(pki.signer, later))]
        check('fresh data passes', (r := verdict(lta, at=later, revinfo=fresh))['ok'], r)
        split = Pki(tsa_under_root=True)
        put('split.pem', split.root_pem)
        fresh = [put('ca.crl', split.make_crl(split.root, later))]
        check('fresh data for the time stamp only', (r := verdict(
            split.sign(original, 'LTA'), folder / 'split.pem', at=later, revinfo=fresh))['ok'], r)

        bad = Pki()
        bad.ocsps[0] = bad.make_ocsp(bad.signer, revoked=True)
        try:
            bad.sign(original, 'LTA')
            check('a revoked signer cannot sign', False)
        except Exception:
            check('a revoked signer cannot sign', True)

        def connects(address):
            try:
                socket.create_connection(address, timeout=5).close()
                return True
            except PermissionError:
                return False

        with status_server() as served:
            local = Pki(url=served.url)
            served.pki = local
            put('local.pem', local.root_pem)
            data = local.sign(original, 'T')
            check('offline: no connection', not connects(served.server_address))
            check('offline: T is not LT', not (r := verdict(data, folder / 'local.pem', wanted='LT'))['ok'], r)
            check('offline: nothing asked', not served.asked, served.asked)
            Network.online = True
            check('online: loopback only', connects(served.server_address) and not connects(('192.0.2.1', 80)))
            check('online: T', (r := verdict(data, folder / 'local.pem', wanted='T', online=True))['ok'], r)
            check('online: status fetched', {'GET', 'POST'} <= set(served.asked), served.asked)
            Network.online = False
    print(f'{passed} passed, {failed} failed')
    return 0 if not failed else 1

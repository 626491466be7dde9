#!/usr/bin/env python3
"""Stands in for any program of ours behind paraphd, so that the front can be tested alone: says that it is ready, answers
FastCGI requests in its own simple way, and ends when its control channel does.

Answers: X-Accel-Redirect for /v1/served/NAME, nothing at all for /v1/silent, otherwise a JSON object with what arrived.
With PARAPH_TEST_RECORD=FILE each request is written to FILE as one line of JSON, by the program that got it."""
import hashlib, json, os, signal, socket, struct, sys, threading, time

ARGS = dict(a.split('=', 1) for a in sys.argv[1:] if '=' in a)
RECORD = os.environ.get('PARAPH_TEST_RECORD')


def exactly(conn, n):
    out = b''
    while len(out) < n:
        piece = conn.recv(n - len(out))
        if not piece:
            raise EOFError
        out += piece
    return out


def pairs(octets):
    at, out = 0, {}
    def length():
        nonlocal at
        if octets[at] < 128:
            at += 1
            return octets[at - 1]
        at += 4
        return struct.unpack('>I', octets[at - 4:at])[0] & 0x7fffffff
    while at < len(octets):
        n, v = length(), length()
        out[octets[at:at + n].decode()] = octets[at + n:at + n + v].decode('latin-1')
        at += n + v
    return out


def record(kind, rid, content):
    return struct.pack('>BBHHBB', 1, kind, rid, len(content), 0, 0) + content


def note(entry):
    if RECORD:
        with open(RECORD, 'a') as f:
            f.write(json.dumps(entry) + '\n')


def answer(params, size, digest):
    path = params['REQUEST_URI'].split('?')[0]
    if path.startswith('/v1/served/'):
        return 'Status: 200\r\nContent-Type: application/pdf\r\nX-Accel-Redirect: /.served/%s\r\n\r\n' % path[11:]
    if path.startswith('/ocsp') or path.startswith('/crl'):
        return ('Status: 200\r\nContent-Type: application/ocsp-response\r\nX-Accel-Expires: 5\r\nCache-Control: max-age=60\r\n\r\n%d'
                % time.monotonic_ns())
    body = json.dumps({'params': params, 'size': size, 'sha256': digest, 'pid': os.getpid()})
    return 'Status: 200\r\nContent-Type: application/json\r\n\r\n' + body


def serve(conn):
    try:
        while True:
            params, size, digest = b'', 0, hashlib.sha256()
            while True:
                _, kind, rid, n, pad, _ = struct.unpack('>BBHHBB', exactly(conn, 8))
                content = exactly(conn, n)
                exactly(conn, pad)
                if kind == 4:
                    params += content
                    if not n:
                        note({'event': 'head', 'params': pairs(params)})
                elif kind == 5:
                    size += n
                    digest.update(content)
                    if not n:
                        break
            fields = pairs(params)
            note({'event': 'request', 'params': fields, 'size': size})
            if fields['REQUEST_URI'].startswith('/v1/silent'):
                return
            octets = answer(fields, size, digest.hexdigest()).encode()
            conn.sendall(record(6, rid, octets) + record(6, rid, b'') + record(3, rid, bytes(8)))
    except (EOFError, ConnectionError):
        note({'event': 'gone'})
    finally:
        conn.close()


def listen(fd):
    server = socket.socket(fileno=fd)
    server.setblocking(True)
    while True:
        conn, _ = server.accept()
        conn.setblocking(True)
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if os.environ.get('PARAPH_TEST_BROKEN') == os.path.basename(sys.argv[0]):
        print('the moon is in the wrong place', file=sys.stderr)
        sys.exit(3)
    control = socket.socket(fileno=int(ARGS['control']))
    if 'fcgi' in ARGS:
        threading.Thread(target=listen, args=(int(ARGS['fcgi']),), daemon=True).start()
    note({'event': 'start', 'arguments': sys.argv, 'fault': os.environ.get('PARAPH_FAULT'), 'uid': os.getuid(),
          'groups': os.getgroups(), 'fds': sorted(int(f) for f in os.listdir('/proc/self/fd') if int(f) < 100)})
    control.send(b'\x62\x00')  # Control { ready {} }
    if os.environ.get('PARAPH_TEST_STALL') == os.path.basename(sys.argv[0]) and 'stall' not in open(RECORD).read():
        # Not before the readers have said that they started: one that is killed earlier is never counted.
        while sum('"start"' in line and '/paraph-status"' in line for line in open(RECORD)) < 2:
            time.sleep(0.01)
        note({'event': 'stall'})
        control.send(b'\x52\x02\x08\x67')  # Control { outcome { code: deadline } }: the status store is locked
    while True:
        message, fds, _, _ = socket.recv_fds(control, 4096, 4)
        if not message:
            break
        note({'event': 'control', 'program': sys.argv[0], 'message': message.hex(), 'fds': len(fds)})
        for fd in fds:
            os.close(fd)
    os._exit(0)


main()

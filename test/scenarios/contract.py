"""What the service answers, against web/openapi.json: a status or a header that is not declared there is a fault of one of the two.

Used by service.Api for every answer of every scenario.
"""
import json
import pathlib
import re

SPEC = json.loads((pathlib.Path(__file__).resolve().parents[2] / "web/openapi.json").read_text())
# Of HTTP itself and of the front (share/nginx/headers.conf), with every answer.
EVERYWHERE = {"cache-control", "connection", "content-length", "content-security-policy", "content-type", "cross-origin-opener-policy",
              "cross-origin-resource-policy", "date", "keep-alive", "permissions-policy", "referrer-policy", "server",
              "strict-transport-security", "transfer-encoding", "x-content-type-options"}


def resolved(node):
    while "$ref" in node:
        path, node = node["$ref"], SPEC
        for name in path.removeprefix("#/").split("/"):
            node = node[name]
    return node


def pattern(path):
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path)))


# Those without a variable first: none of them is shadowed.
OPERATIONS = [(method.upper(), pattern(path), operation) for path, methods in sorted(SPEC["paths"].items(), key=lambda p: "{" in p[0])
              for method, operation in methods.items()]


def operation_of(method, path):
    """None for what is no path or method of the API."""
    plain = path.partition("?")[0]
    return next((o for m, p, o in OPERATIONS if m == method and p.fullmatch(plain)), None)


def faults(method, path, status, headers, body=b""):
    """What is wrong with an answer, as a list of sentences."""
    operation = operation_of(method, path)
    if operation is None:
        return []
    if str(status) not in operation["responses"]:
        return [f"{method} {path}: the status {status} is not declared"]
    response = resolved(operation["responses"][str(status)])
    declared = {name.lower(): resolved(header) for name, header in response.get("headers", {}).items()}
    given = {name.lower() for name in headers}
    told = [f"{method} {path}: {status} has the header {name}, which is not declared" for name in sorted(given - declared.keys() - EVERYWHERE)]
    told += [f"{method} {path}: {status} lacks the header {name}" for name in sorted(declared.keys() - given) if declared[name].get("required")]
    media = next((v for n, v in headers.items() if n.lower() == "content-type"), "").partition(";")[0]
    if body and media not in response.get("content", {}):
        told.append(f"{method} {path}: {status} has the content {media}, which is not declared")
    return told

# A machine that reaches a collector by Kerberos with MIT's library: for each request on standard input, an answer on standard output.
import base64
import http.client
import json
import struct
import sys

import gssapi
from gssapi.raw import IOV, IOVBufferType, unwrap_iov, wrap_iov

scheme, host, port, principal = sys.argv[1:]
mechanism = gssapi.MechType.kerberos if scheme == "Kerberos" else gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
protocol = "application/HTTP-%s-session-encrypted" % ("Kerberos" if scheme == "Kerberos" else "SPNEGO")
own = gssapi.Credentials(name=gssapi.Name(principal, gssapi.NameType.kerberos_principal), usage="initiate")
flag = gssapi.RequirementFlag
context = gssapi.SecurityContext(
    name=gssapi.Name("HTTP@" + host, gssapi.NameType.hostbased_service), creds=own, mech=mechanism, usage="initiate",
    flags=flag.mutual_authentication | flag.confidentiality | flag.integrity | flag.replay_detection | flag.out_of_sequence_detection)
way = http.client.HTTPConnection("127.0.0.1", int(port))


def post(path, body, headers):
    way.request("POST", path, body, {"Host": "%s:%s" % (host, port), **headers})
    answer = way.getresponse()
    return answer, answer.read()


token = base64.b64encode(context.step()).decode()
answer, _ = post("/wsman", b"", {"Authorization": scheme + " " + token})
if answer.status != 200:
    print(json.dumps({"status": answer.status, "form": "", "body": ""}), flush=True)
    sys.exit(0)
context.step(base64.b64decode(answer.getheader("WWW-Authenticate").split(" ", 1)[1]))
assert context.complete

for line in sys.stdin:
    request = json.loads(line)
    plain = base64.b64decode(request["body"])
    parts = IOV(IOVBufferType.header, plain, std_layout=False)
    wrap_iov(context, parts, confidential=True, qop=None)
    body = ("--Encrypted Boundary\r\nContent-Type: %s\r\nOriginalContent: type=%s;Length=%d\r\n--Encrypted Boundary\r\n"
            "Content-Type: application/octet-stream\r\n" % (protocol, request["form"], len(plain))).encode()
    body += struct.pack("<I", len(parts[0].value)) + parts[0].value + parts[1].value + b"--Encrypted Boundary--\r\n"
    headers = {"Content-Type": 'multipart/encrypted;protocol="%s";boundary="Encrypted Boundary"' % protocol}
    if request["coding"]:
        headers["Content-Encoding"] = request["coding"]
    answer, body = post(request["path"], body, headers)
    form = answer.getheader("Content-Type", "")
    if form.startswith("multipart/encrypted"):
        head, sealed = body.split(b"Content-Type: application/octet-stream\r\n", 1)
        sealed = sealed[: -len(b"--Encrypted Boundary--\r\n")]
        (size,) = struct.unpack("<I", sealed[:4])
        parts = IOV((IOVBufferType.header, False, sealed[4 : 4 + size]), sealed[4 + size :], std_layout=False)
        unwrap_iov(context, parts)
        body = parts[1].value
        form = head.split(b"type=", 1)[1].split(b";Length", 1)[0].decode()
    print(json.dumps({"status": answer.status, "form": form, "body": base64.b64encode(body).decode()}), flush=True)

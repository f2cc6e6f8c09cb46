"""A web server's side of FastCGI (version 1.0, section 3.3), raw enough to say what no web server says."""

import email
import socket
import struct

import visitor

BEGIN, PARAMS, STDIN, STDOUT, END = 1, 4, 5, 6, 3


def record(kind, content=b""):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name, value):
    sizes = b"".join(struct.pack(">B", len(text)) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31) for text in (name, value))
    return sizes + name + value


def stream(kind, content):
    """The content in records, and the empty one that ends it."""
    return b"".join(record(kind, content[at:at + 65528]) for at in range(0, len(content), 65528)) + record(kind)


def begin():
    return record(BEGIN, struct.pack(">HB5x", 1, 0))


def request(params, body=b""):
    encoded = b"".join(pair(name.encode(), str(value).encode()) for name, value in params.items())
    return begin() + stream(PARAMS, encoded) + stream(STDIN, body)


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(path))
    return connection


def receive(connection):
    """What the other side writes to STDOUT until the request ends; None if the connection ends before that."""
    output = b""
    with connection, connection.makefile("rb") as file:
        while True:
            header = file.read(8)
            if len(header) < 8:
                return None
            _version, kind, _request, size, padding = struct.unpack(">BBHHBx", header)
            content = file.read(size + padding)[:size]
            if kind == END:
                return output
            output += content if kind == STDOUT else b""


def ask(path, data):
    """The answer to these bytes; None if the connection ends without one."""
    connection = connect(path)
    try:
        connection.sendall(data)
        output = receive(connection)
    except (BrokenPipeError, ConnectionResetError):
        return None
    if output is None:
        return None
    head, _, body = output.partition(b"\r\n\r\n")
    headers = email.message_from_bytes(head)
    return visitor.Answer(int(headers.get("Status", "200").split()[0]), headers, body)


def feedback(site="example.test", **changes):
    """The bytes of a submission to `site`; `changes` of its fields, as visitor.fields has them."""
    body, content_type = visitor.multipart(visitor.fields(**changes))
    return request({"REQUEST_METHOD": "POST", "REQUEST_URI": visitor.FEEDBACK, "CONTENT_TYPE": content_type, "CONTENT_LENGTH": len(body),
                    "REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "sekisho fault test", "SEKISHO_SITE": site}, body)

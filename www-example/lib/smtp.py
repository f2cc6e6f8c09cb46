"""A real mail server: Exim, unpacked and never installed, that demands STARTTLS and AUTH and keeps a Maildir.

Exim looks up the account that it was built for (Debian-exim) before it reads any configuration; libnss_wrapper tells it that
this is the account we run it as, so the machine needs no such user.
"""

import base64
import collections
import email
import email.policy
import hashlib
import os
import pathlib
import pwd
import re

from stage import IS_ROOT, WEB_USER, Process, free_port, is_listening, own_group, own_user, server_program

CONFIGURATION = """
exim_path = {program}
exim_user = {user}
exim_group = {group}
never_users =
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/exim.pid
log_selector = +tls_cipher +smtp_connection +received_recipients +received_sender +incoming_port
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
primary_hostname = localhost
domainlist local_domains = *
host_lookup =
rfc1413_query_timeout = 0s
smtputf8_advertise_hosts = {utf8_hosts}
smtp_accept_max = 100
smtp_accept_max_per_connection = 1000
smtp_accept_queue_per_connection = 0
message_size_limit = 60M
deliver_drop_privilege = true
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data

begin acl
check_mail:
  deny message = encryption is required
       !encrypted = *
  deny message = authentication is required
       !authenticated = *
  accept
check_recipient:
  {recipient_rules}
  accept
check_data:
  accept

begin routers
everyone:
  driver = accept
  transport = mailbox

begin transports
mailbox:
  driver = appendfile
  directory = {maildir}
  maildir_format
  envelope_to_add
  return_path_add
  user = {user}
  group = {group}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = {has_plain}
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{login}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_advertise_condition = {has_login}
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{eq{{$auth1}}{{{login}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


class Mail:
    """One delivered mail: `message` as Python's email package reads it, `raw` as it lies in the Maildir."""

    def __init__(self, path):
        self.raw = path.read_bytes()
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)

    def __getitem__(self, header):
        return str(self.message[header]) if self.message[header] is not None else None

    @property
    def text(self):
        part = self.message.get_body(("plain", "html"))
        return part.get_content().replace("\r\n", "\n") if part else ""


class MailServer:
    """What every mail server here has. Start it, stop it, start it again: the ports, the Maildir and the log stay."""

    # An address and not a name: a fresh debootstrap has no /etc/hosts that would know localhost.
    HOST, LOGIN, PASSWORD = "127.0.0.1", "form@example.test", "open-sesame-5"
    # One line of the log for each mail taken, and in it what names the session and the way of the login.
    ACCEPTED = SESSION = LOGIN_WAY = re.compile("")

    def __init__(self, stage, name, certificate_subject):
        """`name`: of its folder on the stage. STARTTLS at `port`, TLS from the first byte at `tls_port`."""
        self.stage, self.name, self.process = stage, name, None
        self.port, self.tls_port = free_port(), free_port()
        self.user = WEB_USER if IS_ROOT else own_user()
        self.group = WEB_USER if IS_ROOT else own_group()
        self.folder = stage.folder(name, self.user, 0o750)
        self.maildir = stage.folder(f"{name}/Maildir", self.user, 0o750)
        self.log_path = self.folder / "mainlog"
        self.certificate, self.key = stage.make_certificate(f"{name}-server", self.user, certificate_subject)

    def stop(self):
        if self.process:
            self.process.stop()

    def pin(self):
        """Of its key, as `pins` of an account takes it (RFC 7469 2.4)."""
        path = self.stage.directory / f"{self.name}.spki"
        self.stage.openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER", "-out", path)
        return "sha256//" + base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def accepted(self):
        """One entry per message the server took: its log line."""
        return [line for line in self.log().splitlines() if self.ACCEPTED.search(line)]

    def sessions(self):
        """How many messages came in each session that brought any, in the order in which they began."""
        return list(collections.Counter(self.SESSION.search(line)[1] for line in self.accepted()).values())

    def login_ways(self):
        """How those logged in who brought messages: of plain, login, xoauth2."""
        return {self.LOGIN_WAY.search(line)[1].lower() for line in self.accepted()}

    def mail_paths(self):
        return sorted(self.maildir.glob("new/*"), key=lambda path: (path.stat().st_mtime_ns, path.name))

    def mails(self):
        return [Mail(path) for path in self.mail_paths()]


def wrapper_library(name):
    """A library of cwrap.org's that is unpacked with the servers: libNAME.so."""
    return next(pathlib.Path(os.environ["SEKISHO_SERVERS"]).glob(f"usr/lib/*/lib{name}.so"))


class SmtpServer(MailServer):
    """Exim. `mechanisms`: those of PLAIN and LOGIN that it offers; `utf8`: whether it offers SMTPUTF8."""

    ACCEPTED, SESSION = re.compile(r"^\S+ \S+ \S+ <= "), re.compile(r" H=.*?\[[^]]*\]:(\d+) ")
    LOGIN_WAY = re.compile(r" A=([a-z0-9]+):")

    def __init__(self, stage, recipient_rules="", certificate_subject=f"IP:{MailServer.HOST}", name="smtp", mechanisms=("PLAIN", "LOGIN"), utf8=True):
        super().__init__(stage, name, certificate_subject)
        stage.folder(f"{name}/spool", self.user, 0o750)
        self.program = server_program("exim4")
        self.write_accounts()
        has = {f"has_{mechanism.lower()}": "yes" if mechanism in mechanisms else "no" for mechanism in ("PLAIN", "LOGIN")}
        self.configuration = stage.write(f"{name}/exim.conf", CONFIGURATION.format(
            program=self.program, user=self.user, group=self.group, folder=self.folder, port=self.port, tls_port=self.tls_port, certificate=self.certificate,
            key=self.key, maildir=self.maildir, login=self.LOGIN, password=self.PASSWORD, recipient_rules=recipient_rules, utf8_hosts="*" if utf8 else "", **has))

    def write_accounts(self):
        """What libnss_wrapper shows Exim instead of the machine's accounts: Debian-exim is the account that we run it as."""
        account = pwd.getpwnam(self.user)
        users = {"root": (0, 0), self.user: (account.pw_uid, account.pw_gid), self.group: (account.pw_uid, account.pw_gid),
                 "Debian-exim": (account.pw_uid, account.pw_gid)}
        self.stage.write(f"{self.name}/passwd", "".join(f"{name}:x:{uid}:{gid}::/:/bin/false\n" for name, (uid, gid) in users.items()))
        self.stage.write(f"{self.name}/group", "mail:x:8:\n" + "".join(f"{name}:x:{gid}:\n" for name, (_, gid) in users.items()))

    def start(self):
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LD_PRELOAD": str(wrapper_library("nss_wrapper")),
                       "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"), "NSS_WRAPPER_GROUP": str(self.folder / "group")}
        self.process = Process("the mail server", [self.program, "-C", self.configuration, "-bdf"], self.folder / "output", env=environment)
        self.process.wait_ready(lambda: is_listening(self.port), "the mail server listens")
        return self

    def is_tls_and_auth_used(self):
        """TRUE if the log says of each message it took (and there is one) that it came over TLS from the client that logged in."""
        proof = re.compile(rf" P=(utf8)?esmtpsa .*X=TLS\S+ .*A=(plain|login):{re.escape(self.LOGIN)} ")
        lines = self.accepted()
        return bool(lines) and all(proof.search(line) for line in lines)

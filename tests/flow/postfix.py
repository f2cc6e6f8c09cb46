"""A second real mail server: Postfix, which asks Dovecot who may log in (PLAIN, LOGIN, XOAUTH2), both unpacked and never installed.

Postfix changes between accounts and will not run for anybody but root. Here it runs as one ordinary account all the same, whoever
starts it: libuid_wrapper lets it believe that it is root and that its changes of account succeed, and libnss_wrapper names the accounts
that it asks for. Dovecot needs no such help.

Who has a token, Dovecot asks a token service: TokenService, which also gives them out.
"""

import http.server
import json
import os
import pathlib
import pwd
import re
import secrets
import signal
import threading
import urllib.parse

from smtp import MailServer, wrapper_library
from stage import IS_ROOT, Process, is_listening

POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {servers}/usr/lib/postfix/sbin
command_directory = {servers}/usr/sbin
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
import_environment = MAIL_CONFIG LD_PRELOAD LD_LIBRARY_PATH UID_WRAPPER UID_WRAPPER_ROOT NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
maillog_file = {log}
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_client_port_logging = yes
# Every mail of every domain lies in one Maildir.
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:Maildir/
virtual_mailbox_base = {folder}
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
message_size_limit = 62914560
in_flow_delay = 0
smtputf8_enable = {utf8}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {key}, {certificate}
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/dovecot/postfix
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = {recipient_rules}
"""

POSTFIX_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

DOVECOT = """
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
libexec_dir = {servers}/usr/lib/dovecot
log_path = {folder}/dovecot.log
import_environment = LD_LIBRARY_PATH
auth_verbose = yes
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home=/
}}
service auth {{
  unix_listener postfix {{
    mode = 0600
  }}
}}
service anvil {{
  chroot =
  # No waiting for who failed before.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

DOVECOT_OAUTH2 = """
introspection_mode = post
introspection_url = {url}introspect
username_attribute = username
active_attribute = active
active_value = true
"""


class TokenService:
    """Gives out tokens (POST token) and says whose a token is (POST introspect, RFC 7662), over HTTP on 127.0.0.1."""

    def __init__(self, user):
        self.user, self.valid, self.asked = user, set(), []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                fields = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                body = json.dumps(service.answer(self.path, fields)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, path, fields):
        if path == "/token":
            return {"access_token": self.give(), "token_type": "Bearer"}
        self.asked.append(fields["token"])
        return {"active": fields["token"] in self.valid, **({"username": self.user} if fields["token"] in self.valid else {})}

    def give(self):
        """A new token that is valid until `revoke`."""
        token = secrets.token_urlsafe(32)
        self.valid.add(token)
        return token

    def revoke(self):
        self.valid.clear()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class PostfixServer(MailServer):
    """Postfix with Dovecot's login. `mechanisms`: of PLAIN, LOGIN and XOAUTH2; with the last, `tokens` is the TokenService that is asked.
    `utf8`: whether it offers SMTPUTF8."""

    ACCEPTED, SESSION = re.compile(r"/smtpd\[\d+\]: [0-9A-F]+: client="), re.compile(r"client=\S+\[\S+\]:(\d+)")
    LOGIN_WAY = re.compile(r" sasl_method=(\w+)")

    def __init__(self, stage, recipient_rules="", certificate_subject=f"IP:{MailServer.HOST}", name="postfix", mechanisms=("PLAIN", "LOGIN"), tokens=None,
                 utf8=True):
        super().__init__(stage, name, certificate_subject)
        self.servers, self.dovecot = pathlib.Path(os.environ["SEKISHO_SERVERS"]), None
        for folder in ("data", "dovecot", "queue", "Maildir/cur", "Maildir/new", "Maildir/tmp"):
            stage.folder(f"{name}/{folder}", self.user)
        for folder in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid", "private", "public", "trace"):
            stage.folder(f"{name}/queue/{folder}", self.user, 0o700)
        own = pwd.getpwnam(self.user).pw_uid
        # Those that Postfix asks for, each with a number of its own; the mails in its queue must be its own.
        accounts = {"root": 0, "postfix": own, "postdrop": own + 1, "nobody": own + 2}
        values = {**vars(self), **accounts, "log": self.log_path, "recipient_rules": recipient_rules, "mechanisms": " ".join(mechanisms).lower(),
                  "utf8": "yes" if utf8 else "no", "url": tokens.url if tokens else "http://127.0.0.1:1/"}
        for file, text in {"main.cf": POSTFIX_MAIN, "master.cf": POSTFIX_MASTER, "dovecot.conf": DOVECOT, "oauth2.conf": DOVECOT_OAUTH2}.items():
            # Postfix waits while a file is younger than seconds, as it may be half written.
            os.utime(stage.write(f"{name}/{file}", text.format(**values)), (0, 0))
        stage.write(f"{name}/users", f"{self.LOGIN}:{{PLAIN}}{self.PASSWORD}\n", self.user, 0o600)
        stage.write(f"{name}/passwd", "".join(f"{account}:x:{number}:{number}::/:/bin/false\n" for account, number in accounts.items()))
        stage.write(f"{name}/group", "".join(f"{account}:x:{number}:\n" for account, number in accounts.items()))

    def run(self, name, program, *words, **environment):
        libraries = [self.servers / "usr/lib" / folder for folder in ("postfix", "dovecot", "dovecot/modules/old-stats", f"{os.uname().machine}-linux-gnu")]
        identity = {"user": self.user, "group": self.group, "extra_groups": []} if IS_ROOT else {}
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LD_LIBRARY_PATH": ":".join(map(str, libraries)), **environment}
        return Process(name, [self.servers / program, *words], self.folder / "output", env=environment, cwd=self.folder, **identity)

    def start(self):
        configuration, socket = self.folder / "dovecot.conf", self.folder / "dovecot/postfix"
        socket.unlink(missing_ok=True)
        # What dovecot would do itself with the doveconf of an installed Dovecot.
        self.dovecot = self.run("Dovecot", "usr/bin/doveconf", "-f", "service=master", "-c", configuration, "-m", "master", "-p",
                                "-e", self.servers / "usr/sbin/dovecot", "-F", "-c", configuration)
        self.dovecot.wait_ready(socket.exists, "Dovecot answers")
        wrappers = {"LD_PRELOAD": f"{wrapper_library('uid_wrapper')}:{wrapper_library('nss_wrapper')}", "UID_WRAPPER": "1", "UID_WRAPPER_ROOT": "1",
                    "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"), "NSS_WRAPPER_GROUP": str(self.folder / "group")}
        self.process = self.run("Postfix", "usr/lib/postfix/sbin/master", "-c", self.folder, "-d", MAIL_CONFIG=str(self.folder), **wrappers)
        self.process.wait_ready(lambda: is_listening(self.port), "Postfix listens")
        return self

    def stop(self):
        super().stop()
        if self.dovecot:
            # Asked to end, it would wait a second for its children, who end with it anyway.
            self.dovecot.stop(signal.SIGKILL)

    def is_tls_and_auth_used(self):
        """As SmtpServer's; smtpd_tls_auth_only says that nobody logs in without TLS."""
        lines = self.accepted()
        return bool(lines) and all(f"sasl_username={self.LOGIN}" in line for line in lines)

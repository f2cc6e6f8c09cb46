"""sekishod with the shipped configuration in a temporary directory, and the command line beside it."""

import configparser
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from stage import EXAMPLE, IS_ROOT, MAIL_GROUP, MAIL_USER, SHARED_GROUP, WEB_USER, Process, Trouble, own_group, own_user, wait_for

LOG_LINE = re.compile(r"^(?:<(?P<priority>[0-7])>)?(?:(?P<role>[a-z]+): )?(?P<event>[a-z_]+)(?P<pairs>(?: .*)?)$")
WORDPRESS_KEY = "example-wordpress-secret-key"
PAIR = re.compile(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')


class LogLine:
    def __init__(self, text):
        match = LOG_LINE.match(text)
        self.text, self.is_ours = text, bool(match)
        self.event = match["event"] if match else ""
        self.priority = int(match["priority"]) if match and match["priority"] else 7
        self.pairs = {key: value.strip('"') for key, value in PAIR.findall(match["pairs"])} if match else {}
        if match and match["role"]:
            self.pairs["role"] = match["role"]


# Tests post often, from one address, the same again, without loading a page first, and from domains that the DNS does not know.
QUIET_GATE = {"check": {"duplicates": "off", "trap": "off", "sender": "off"},
              "limit": {"ip": "off", "network": "off", "network_wide": "off", "fingerprint": "off", "sender": "off", "form": "off", "site": "off"}}


def groups_text(groups):
    return "".join(f"\n[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for group, keys in groups.items())


class Gateway:
    """The configuration is www-example/sekisho.conf and www-example/sites, with paths and accounts of the stage."""

    def __init__(self, stage, smtp, password=None, notices_per_hour=1_000_000, gate=None, accounts="main", **settings):
        self.stage, self.process = stage, None
        self.programs = pathlib.Path(os.environ["SEKISHO_PROGRAMS"])
        self.folder = stage.folder("gateway")
        self.log_path = self.folder / "log"
        self.socket = self.folder / "front.sock"
        self.password_file = self.folder / "main.password"
        shutil.copytree(EXAMPLE / "sites", self.folder / "sites")
        site = self.folder / "sites" / "example.test" / "site.conf"
        text = site.read_text(encoding="utf-8").replace("http://www.example.test", f"http://127.0.0.1:{stage.web_port}")
        # The shipped ceiling would send the notices of a test with many visitors together.
        text = text.replace("[notice]\n", f"[notice]\nper_hour = {notices_per_hour}\n")
        text = text.replace("\naccount = main\n", f"\naccount = {accounts}\n")
        # What a test says of the gate ({group: {key: value}}) stands beside the shipped defaults.
        site.write_text(text + groups_text(QUIET_GATE if gate is None else gate), encoding="utf-8")
        self.configuration = self.folder / "sekisho.conf"
        group = SHARED_GROUP if IS_ROOT else own_group()
        stage.folder("gateway/keys", mode=0o700)
        self.settings = {
            "gateway": {"listen": self.socket, "socket_group": WEB_USER if IS_ROOT else own_group(), "data_directory": self.folder / "data",
                        "key_directory": self.folder / "keys", "sites_directory": self.folder / "sites", "front_user": WEB_USER if IS_ROOT else own_user(),
                        "courier_user": MAIL_USER if IS_ROOT else own_user(), "group": group},
        }
        self.set_account("main", smtp)
        for group_name, keys in settings.items():
            self.settings[group_name.replace("_", " ")].update(keys)
        self.write_configuration()
        self.write_password(smtp.PASSWORD if password is None else password)
        # The front's; the page with a quiz was made with this one.
        mode = 0o640 if IS_ROOT else 0o600
        self.stage.give(self.stage.write("gateway/wordpress.key", WORDPRESS_KEY + "\n", mode=mode), group=WEB_USER)

    def set_account(self, name, smtp, **keys):
        """[account NAME] is one of that mail server; with None as its value a key is left out."""
        self.settings[f"account {name}"] = {"host": smtp.HOST, "port": smtp.port, "user": smtp.LOGIN, "password_file": self.password_file,
                                            "ca_file": self.stage.authority, **keys}
        self.write_configuration()

    def write_configuration(self, **gateway):
        self.settings["gateway"].update(gateway)
        text = (EXAMPLE / "sekisho.conf").read_text(encoding="utf-8")
        parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",))
        parser.read_string(text)
        for group, keys in self.settings.items():
            if group not in parser:
                parser.add_section(group)
            parser[group].update({key: str(value) for key, value in keys.items() if value is not None})
            for key in keys:
                if keys[key] is None:
                    parser.remove_option(group, key)
        lines = []
        for group in parser.sections():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in parser[group].items()), ""]
        self.stage.write("gateway/sekisho.conf", "\n".join(lines))

    def write_secret(self, name, secret):
        """A file in the gateway's folder, readable by root and the courier alone."""
        path = self.stage.write(f"gateway/{name}", secret + "\n", mode=0o640 if IS_ROOT else 0o600)
        self.stage.give(path, group=MAIL_GROUP)
        return path

    def write_password(self, password):
        self.write_secret("main.password", password)

    def form_file(self, name):
        return self.folder / "sites" / "example.test" / "forms" / "contact" / name

    # --- the daemon ---------------------------------------------------------------------------------------------------

    def command(self):
        return [self.programs / "sekishod", "--config", self.configuration]

    def start(self, command=None, environment=None):
        """Starts it and waits until front and courier say that they are ready."""
        before = len(self.lines())
        self.log_path.touch()
        status = self.log_path.stat()
        # As systemd would: each line then begins with its priority.
        journal = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        self.process = Process("sekishod", command or self.command(), self.log_path, env={**os.environ, **journal, **(environment or {})})
        def is_started():
            roles = {line.pairs.get("role") for line in self.lines()[before:] if line.event == "started"}
            return {"front", "courier"} <= roles
        self.process.wait_ready(is_started, "sekishod says that front and courier are started")
        return self

    def stop(self):
        return self.process.stop() if self.process else 0

    def reload(self):
        self.process.popen.send_signal(signal.SIGHUP)

    def lines(self):
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return [LogLine(line) for line in text.splitlines()]

    def wait_event(self, event, seconds=20.0, after=0, **pairs):
        """The first log line of that event with those pairs, among the lines from number `after`."""
        def find():
            for line in self.lines()[after:]:
                if line.event == event and all(line.pairs.get(key) == value for key, value in pairs.items()):
                    return line
            return None
        return wait_for(find, lambda: f"the log event {event} {pairs or ''}; the end of the log:\n{self.process.tail()}", seconds)

    # --- the command line ---------------------------------------------------------------------------------------------

    def sekisho(self, *arguments, status=0):
        """Runs the command line; its standard output. Trouble if it does not end with `status`."""
        command = [self.programs / "sekisho", "--config", self.configuration, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != status:
            raise Trouble(f"sekisho {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def sekisho_json(self, *arguments):
        return json.loads(self.sekisho(*arguments, "--json"))

    def sekisho_json_status(self, status, *arguments):
        """The same of a command that ends with another status."""
        return json.loads(self.sekisho(*arguments, "--json", status=status))

"""One gateway that serves many sites, each with a mail server of its own: so many faults are looked at in the time of one."""

import concurrent.futures
import shutil

import fastcgi
from gateway import Gateway
from scene import assert_sent
from stage import wait_for

ACCOUNT = """
[account main]
host = {server.HOST}
port = {server.port}
user = {server.LOGIN}
password_file = {password}
ca_file = {authority}
{server.account_keys}
"""


class District:
    """`servers` by name of their site, "NAME.test"."""

    def __init__(self, stage, servers, recipients="owner@example.test"):
        self.stage, self.servers = stage, servers
        for server in servers.values():
            stage.add(server).start()
        self.gateway = stage.add(Gateway(stage, next(iter(servers.values()))))
        model = self.gateway.folder / "sites" / "example.test"
        form = model / "forms" / "contact" / "form.ini"
        form.write_text(form.read_text(encoding="utf-8").replace("owner@example.test", recipients), encoding="utf-8")
        # Its alarms are not mailed, or they were among what the servers take.
        self.gateway.write_configuration(alarm_command="/usr/bin/true")
        for name, server in servers.items():
            site = model.with_name(name)
            shutil.copytree(model, site)
            with open(site / "site.conf", "a", encoding="utf-8") as file:
                file.write(ACCOUNT.format(server=server, password=self.gateway.password_file, authority=stage.authority))

    def start(self, clock):
        """With a home directory that the courier may not look into, as ProtectHome makes it: libesmtp looks there for certificates."""
        home = self.stage.folder("closed-home", mode=0o700)
        self.gateway.start(environment={**clock.environment, "HOME": str(home)})
        return self.gateway

    def post(self, words, names=None):
        """A submission to each site; `words(name)` ends its subject. {word: name}"""
        def post(name):
            assert_sent(fastcgi.ask(self.gateway.socket, fastcgi.feedback(name, your_subject=f"試し {words(name)}")))
            return words(name), name
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return dict(pool.map(post, names or self.servers))

    def queue(self, *options):
        return self.gateway.sekisho_json("queue", "--limit", "10000", *options)

    def wait_empty(self, seconds=60):
        wait_for(lambda: not self.queue(), lambda: f"the empty queue; there are {self.queue()}", seconds)

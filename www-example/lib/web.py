"""nginx, Apache and lighttpd with the shipped snippets. Only paths are changed: /etc/sekisho, the gateway's socket, the site's root and port."""

import os
import pathlib

from stage import EXAMPLE, IS_ROOT, WEB_USER, Process, is_listening, server_program

NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
	types {{ text/html html; text/css css; text/javascript js; }}
	default_type application/octet-stream;
	access_log {folder}/access.log;
	client_body_temp_path {folder}/body;
	fastcgi_temp_path {folder}/fastcgi;
	proxy_temp_path {folder}/proxy;
	scgi_temp_path {folder}/scgi;
	uwsgi_temp_path {folder}/uwsgi;
	include {site};
}}
"""

APACHE_MODULES = "mpm_event authz_core alias asis dir env mime proxy proxy_fcgi rewrite setenvif"
APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
LogLevel warn
{modules}
{user}
<Directory />
	Require all denied
</Directory>
TypesConfig /dev/null
AddType text/html .html
AddType text/css .css
AddType text/javascript .js
Include {site}
"""

LIGHTTPD = """
server.upload-dirs = ("{folder}")
{user}
mimetype.assign = (".html" => "text/html; charset=utf-8", ".css" => "text/css", ".js" => "text/javascript")
server.modules += ("mod_accesslog")
accesslog.filename = "{folder}/access.log"
include "{site}"
"""


class WebServer:
    def __init__(self, stage, kind, socket_path, changes=()):
        """Copies the snippets of www-example/KIND into the stage. `changes` are pairs (old, new) that a test makes in them."""
        self.stage, self.port, self.process = stage, stage.web_port, None
        self.folder = stage.folder(kind, WEB_USER if IS_ROOT else None)
        self.snippets = stage.folder(f"{kind}/snippets")
        page = stage.folder("page")
        paths = [(f"/etc/sekisho/{kind}", self.snippets), ("/run/sekisho/sekisho.sock", socket_path), ("/var/www/example.test", page),
                 ("127.0.0.1:8080", f"127.0.0.1:{self.port}"), *changes]
        self.copy(EXAMPLE / "page", "page", [])
        self.copy(EXAMPLE / kind, f"{kind}/snippets", paths)

    def copy(self, source, target, changes):
        for path in sorted(source.rglob("*")):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                for old, new in changes:
                    text = text.replace(str(old), str(new))
                self.stage.write(f"{target}/{path.relative_to(source)}", text)
        for path in self.stage.directory.joinpath(target).rglob("*"):
            if path.is_dir():
                path.chmod(0o755)

    def run(self, command, **options):
        self.process = Process(self.NAME, command, self.folder / "output", **options)
        self.process.wait_ready(lambda: is_listening(self.port), f"{self.NAME} listens")
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def url(self, path="/contact/"):
        return f"http://127.0.0.1:{self.port}{path}"


class Nginx(WebServer):
    NAME = "nginx"

    def __init__(self, stage, socket_path, changes=()):
        super().__init__(stage, "nginx", socket_path, changes)
        self.configuration = stage.write("nginx/nginx.conf", NGINX.format(
            folder=self.folder, site=self.snippets / "example.conf", user=f"user {WEB_USER};" if IS_ROOT else ""))

    def start(self):
        return self.run([server_program("nginx"), "-p", self.folder, "-c", self.configuration, "-e", "stderr"])


class Apache(WebServer):
    NAME = "Apache"

    def __init__(self, stage, socket_path, changes=()):
        super().__init__(stage, "apache", socket_path, changes)
        modules = pathlib.Path(os.environ["SEKISHO_SERVERS"]) / "usr" / "lib" / "apache2" / "modules"
        self.configuration = stage.write("apache/apache.conf", APACHE.format(
            folder=self.folder, site=self.snippets / "example.conf", user=f"User {WEB_USER}\nGroup {WEB_USER}" if IS_ROOT else "",
            modules="\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in APACHE_MODULES.split())))

    def start(self):
        return self.run([server_program("apache2"), "-f", self.configuration, "-DFOREGROUND"])


class Lighttpd(WebServer):
    NAME = "lighttpd"

    def __init__(self, stage, socket_path, changes=()):
        super().__init__(stage, "lighttpd", socket_path, [("server.port = 8080", f"server.port = {stage.web_port}"), *changes])
        self.configuration = stage.write("lighttpd/lighttpd.conf", LIGHTTPD.format(
            folder=self.folder, site=self.snippets / "example.conf", user=f'server.username = "{WEB_USER}"' if IS_ROOT else ""))

    def start(self):
        modules = pathlib.Path(os.environ["SEKISHO_SERVERS"]) / "usr" / "lib" / "lighttpd"
        return self.run([server_program("lighttpd"), "-D", "-f", self.configuration, "-m", modules])

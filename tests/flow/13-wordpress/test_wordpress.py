"""The blocks of www-example/wordpress: the form's routes are the gateway's, everything else stays WordPress's, whatever its .htaccess says."""

import ssl

import pytest
import visitor
from scene import assert_sent, wait_mails
from stage import EXAMPLE, WEB_USER
from web import Apache, Nginx

PHP_SOCKET = "/run/php/php-fpm.sock"
# What WordPress writes into .htaccess for pretty permalinks.
HTACCESS = """RewriteEngine On
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
"""


@pytest.fixture(params=[Nginx, Apache], ids=["nginx", "apache"])
def web(request, stage, gateway, monkeypatch):
    """The shipped block on a port of ours with a certificate of ours. Nobody answers for PHP, so what goes there is told by a 502 or 503."""
    monkeypatch.setattr("web.APACHE_MODULES", "mpm_event authz_core alias asis dir env mime proxy proxy_fcgi rewrite setenvif socache_shmcb ssl")
    web = request.param(stage, gateway.socket)
    certificate, key = stage.make_certificate("web", WEB_USER, "IP:127.0.0.1")
    kind = web.folder.name
    changes = [(f"/etc/sekisho/{kind}", web.snippets), ("/etc/ssl/example.test.pem", certificate), ("/etc/ssl/example.test.key", key),
               ("/var/www/example.test", stage.directory / "page"), (PHP_SOCKET, stage.directory / "no-php.sock"),
               ("listen 443", f"listen 127.0.0.1:{web.port}"), ("<VirtualHost *:443>", f"Listen 127.0.0.1:{web.port}\n<VirtualHost *:{web.port}>")]
    block = (EXAMPLE / "wordpress" / f"{kind}.conf").read_text(encoding="utf-8")
    for old, new in changes:
        block = block.replace(old, str(new))
    stage.write(f"{kind}/snippets/example.conf", block)
    # nginx-common's, which is not unpacked: empty is enough where nobody answers.
    stage.write("nginx/fastcgi_params", "")
    stage.write("page/.htaccess", HTACCESS)
    stage.write("page/index.php", "<?php\n")
    return stage.add(web).start()


@pytest.fixture
def ask(stage, web):
    tls = ssl.create_default_context(cafile=stage.authority)

    def ask(path, method="GET", values=None, encode=visitor.multipart):
        body, content_type = encode(values) if values else (None, None)
        return visitor.request(web.url(path).replace("http:", "https:"), method, body, content_type, tls=tls)
    return ask


def test_the_form_goes_to_the_gateway(smtp, gateway, ask):
    assert_sent(ask(visitor.FEEDBACK, "POST", visitor.fields()))
    assert_sent(ask("/index.php?rest_route=/contact-form-7/v1/contact-forms/4/feedback", "POST", visitor.fields()))
    assert "お問い合わせを受け付けました" in ask("/contact/", "POST", visitor.fields(), visitor.urlencoded).text
    wait_mails(smtp, 3)


def test_links_of_confirmations_go_to_the_gateway(gateway, ask):
    for path in ("/sekisho/confirm?t=x", "/blog/sekisho/confirm?t=x"):
        answer = ask(path)
        assert answer.status == 404 and "このリンクは使えません" in answer.text, path
    for path in ("/sekisho/", "/sekisho/confirm/", "/sekisho/confirmed"):
        assert ask(path).status in (403, 404, 502, 503) and "このリンク" not in ask(path).text, path


def test_everything_else_goes_to_php(ask):
    for path in ("/wp-json/wp/v2/posts", "/wp-json/contact-form-7/v1/contact-forms", "/some-page/", "/index.php?rest_route=/wp/v2/posts"):
        assert ask(path).status in (502, 503), path
    assert ask("/other-page/", "POST", visitor.fields()).status in (502, 503)


def test_the_plugin_switches_off_mailing_only():
    plugin = (EXAMPLE / "wordpress" / "sekisho.php").read_text(encoding="utf-8")
    assert plugin.startswith("<?php\n") and plugin.count("add_filter") == 1
    assert "add_filter( 'wpcf7_skip_mail', '__return_true', PHP_INT_MAX );" in plugin

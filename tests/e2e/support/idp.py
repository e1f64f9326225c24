# SPDX-License-Identifier: Apache-2.0
"""A real identity provider: Debian's SimpleSAMLphp under PHP's own web server on loopback, with its configuration, keys and
people in the site's folder. Its password page is the one people see."""
import subprocess
import urllib.parse
import urllib.request

from .site import Failed, free_port, wait_for

PROGRAM = "/usr/share/simplesamlphp"
ENTITY_ID = "https://idp.example.test/metadata"

ROUTER = r"""<?php
// Serves /simplesamlphp/… as Debian's apache configuration does.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$prefix = '/simplesamlphp/';
if (strpos($path, $prefix) !== 0) { http_response_code(404); return true; }
$rest = substr($path, strlen($prefix) - 1);
$www = '%(program)s/www';
if (preg_match('#^(/[a-z0-9_/.-]*?\.php)(/.*)?$#i', $rest, $m) && is_file($www . $m[1])) {
  $_SERVER['SCRIPT_NAME'] = '/simplesamlphp' . $m[1];
  $_SERVER['SCRIPT_FILENAME'] = $www . $m[1];
  $_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] . ($m[2] ?? '');
  $_SERVER['PATH_INFO'] = $m[2] ?? '';
  chdir(dirname($www . $m[1]));
  require $www . $m[1];
  return true;
}
$file = realpath($www . $rest);
if ($file !== false && strpos($file, $www . '/resources/') === 0) { readfile($file); return true; }
http_response_code(404);
return true;
"""

CONFIG = r"""<?php
$config = [
  'baseurlpath' => '%(url)s/simplesamlphp/',
  'certdir' => '%(dir)s/',
  'loggingdir' => '%(dir)s/', 'datadir' => '%(dir)s/', 'tempdir' => '%(dir)s/tmp', 'metadatadir' => '%(dir)s/metadata/',
  'attributenamemapdir' => '%(program)s/config/attributemap/',
  'timezone' => 'UTC', 'secretsalt' => 'only for tests', 'auth.adminpassword' => 'only for tests',
  'logging.handler' => 'errorlog', 'logging.level' => SimpleSAML\Logger::INFO,
  'enable.saml20-idp' => true, 'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
  'session.cookie.secure' => false, 'session.cookie.samesite' => null, 'session.phpsession.savepath' => '%(dir)s/tmp',
  'store.type' => 'phpsession', 'trusted.url.domains' => [], 'production' => true, 'language.default' => 'en',
  'language.available' => ['en'], 'metadata.sources' => [['type' => 'flatfile']], 'errorreporting' => false,
  'admin.checkforupdates' => false,
  'authproc.idp' => [], 'theme.use' => 'default', 'template.cache' => '%(dir)s/tmp', 'debug' => ['saml' => false],
];
"""

HOSTED = r"""<?php
$metadata[%(entity)s] = ['host' => '__DEFAULT__', 'privatekey' => '%(key)s.key', 'certificate' => '%(key)s.crt',
  'auth' => 'people', 'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'validate.authnrequest' => true,
  'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
  'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'mail',
                       'Format' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress']]];
"""

REMOTE = r"""<?php
$metadata[%(entity)s] = ['AssertionConsumerService' => %(acs)s, 'certData' => %(certificate)s,
  'sign.response' => %(sign_response)s, 'saml20.sign.response' => %(sign_response)s, 'saml20.sign.assertion' => true,
  'assertion.encryption' => %(encrypt)s, 'validate.authnrequest' => true,
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'];
"""


def php(value):
    """A PHP literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(php, value)) + "]"
    return "[" + ", ".join(f"{php(k)} => {php(v)}" for k, v in value.items()) + "]"


class IdentityProvider:
    """Started in `site`, which ends it. `people`: "name:password" -> attributes (name -> list of values), `mail` among them."""

    def __init__(self, site, people, name="idp"):
        self.site, self.people = site, people
        self.dir = site.dir / name
        for folder in ("", "metadata", "tmp"):
            (self.dir / folder).mkdir()
        self.make_key("idp")
        (self.dir / "authsources.php").write_text(
            "<?php $config = ['people' => array_merge(['exampleauth:UserPass'], " + php(people) + ")];")
        (self.dir / "metadata" / "saml20-sp-remote.php").write_text("<?php\n")
        for tries_left in (4, 3, 2, 1, 0):
            try:
                self.serve(name)
                break
            except Failed:  # its address is a part of its settings: another program may have taken the port meanwhile
                if tries_left == 0 or self.program.running():
                    raise

    def serve(self, name):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        names = {"url": self.url, "dir": self.dir, "program": PROGRAM, "entity": php(ENTITY_ID), "key": "idp"}
        (self.dir / "router.php").write_text(ROUTER % names)
        (self.dir / "config.php").write_text(CONFIG % names)
        (self.dir / "metadata" / "saml20-idp-hosted.php").write_text(HOSTED % names)
        self.program = self.site.start(
            name, ["php", "-d", "error_log=", "-d", "display_errors=0", "-d", "opcache.enable=0", "-S",
                   f"127.0.0.1:{self.port}", "-t", self.dir, self.dir / "router.php"],
            env=dict(self.site.env, SIMPLESAMLPHP_CONFIG_DIR=str(self.dir), PHP_CLI_SERVER_WORKERS="2"))
        wait_for(self.answers, "the identity provider to answer")

    def make_key(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-keyout", self.dir / f"{name}.key", "-out", self.dir / f"{name}.crt"], check=True, capture_output=True)

    def answers(self):
        if not self.program.running():
            raise Failed(f"the identity provider ended: {self.program.tail()}")
        try:
            return self.metadata()
        except OSError:
            return None

    def metadata(self):
        """Its own metadata, as an administrator downloads them."""
        with urllib.request.urlopen(f"{self.url}/simplesamlphp/saml2/idp/metadata.php", timeout=30) as answer:
            return answer.read().decode()

    def register(self, entity_id, acs, certificate, encrypt=False, sign_response=True):
        """Tells it of a service provider: what its administrator would copy from that one's metadata. `certificate`: base64."""
        names = {"entity": php(entity_id), "acs": php(acs), "certificate": php(certificate), "encrypt": php(encrypt),
                 "sign_response": php(sign_response)}
        (self.dir / "metadata" / "saml20-sp-remote.php").write_text(REMOTE % names)

    def start_url(self, entity_id):
        """Where a person begins who starts at the identity provider."""
        return f"{self.url}/simplesamlphp/saml2/idp/SSOService.php?spentityid={urllib.parse.quote(entity_id, safe='')}"

    def sign_in(self, browser, person):
        """Types the person's name and password into its page."""
        name, password = person.split(":", 1)
        browser.wait("!!document.querySelector('#username')", "the identity provider's page")
        browser.fill("#username", name)
        browser.fill("#password", password)
        browser.click("#submit_button")

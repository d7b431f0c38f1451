"""Secrets and what only looks like them, made when a test runs.

Each secret is put together from parts, so that no scanner of a forge finds one in this repository.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid

UPPER = string.ascii_uppercase + string.digits
WORD = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


class Maker:
    """Random texts; one seed gives one set."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def __call__(self, count: int, letters: str = WORD) -> str:
        """So many letters that hold a digit, an upper and a lower letter where there are any."""
        while True:
            text = "".join(self.random.choices(letters, k=count))
            kinds = (str.isdigit, str.isupper, str.islower)
            if all(any(map(kind, text)) or not any(map(kind, letters)) for kind in kinds):
                return text

    def key(self, kind: str) -> str:
        body = base64.b64encode(self.random.randbytes(900)).decode()
        rows = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        name = f"{kind} PRIVATE KEY".strip()
        return f"-----BEGIN {name}-----\n{rows}\n-----END {name}-----"

    def jwt(self) -> str:
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": self(8), "exp": 1800000000}]
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
        return ".".join([*(text.decode().rstrip("=") for text in texts), self(43)])


def secrets(seed: int) -> dict[str, str]:
    """One secret of each kind that must never be written, by a name for it."""
    r = Maker(seed)
    return {
        "age": "AGE-SECRET-" + "KEY-1" + r(58, UPPER),
        "anthropic": "sk-" + "ant-api03-" + r(93) + "AA",
        "aws key": "AK" + "IA" + r(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "aws secret": "aws_secret_" + "access_key = " + r(40),
        "aws session": "AS" + "IA" + r(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "azure storage": "Account" + "Key=" + r(86) + "==",
        "azure client": r(3) + "8Q" + "~" + r(34),
        "databricks": "da" + "pi" + r(32, HEX),
        "digitalocean": "dop_" + "v1_" + r(64, HEX),
        "docker": "dckr_" + "pat_" + r(27),
        "figma": "fi" + "gd_" + r(43),
        "github app": "gh" + "s_" + r(36),
        "github classic": "gh" + "p_" + r(36),
        "github fine": "github_" + "pat_" + r(22) + "_" + r(59),
        "gitlab": "gl" + "pat-" + r(20),
        "google": "AI" + "za" + r(35),
        "google oauth": "GOC" + "SPX-" + r(28),
        "grafana": "gl" + "sa_" + r(32) + "_" + r(8, HEX),
        "groq": "gs" + "k_" + r(52),
        "hugging face": "h" + "f_" + r(34),
        "jwt": r.jwt(),
        "linear": "lin_" + "api_" + r(40),
        "mailchimp": r(32, HEX) + "-us" + "12",
        "notion": "nt" + "n_" + r(46),
        "npm": "np" + "m_" + r(36),
        "openai": "sk-" + r(20) + "T3Blbk" + "FJ" + r(20),
        "openai project": "sk-" + "proj-" + r(60) + "_" + r(40) + "-" + r(20),
        "openai short": "sk-" + r(48),
        "openrouter": "sk-" + "or-v1-" + r(64, HEX),
        "openssh": r.key("OPENSSH"),
        "pgp": r.key("PGP").replace("KEY-", "KEY BLOCK-").replace("-\n", "-\nVersion: 1\n\n", 1),
        "pkcs8": r.key(""),
        "planetscale": "pscale_" + "tkn_" + r(43),
        "postman": "PM" + "AK-" + r(24, HEX) + "-" + r(34, HEX),
        "pypi": "pypi-" + "AgEIcHlwaS5vcmc" + r(70),
        "replicate": "r8" + "_" + r(37),
        "rsa": r.key("RSA"),
        "rsa on one line": r.key("RSA").replace("\n", "\\n"),
        "rubygems": "ruby" + "gems_" + r(48, HEX),
        "sendgrid": "S" + "G." + r(22) + "." + r(43),
        "sentry": "sn" + "tryu_" + r(64, HEX),
        "shopify": "shp" + "at_" + r(32, HEX),
        "slack": "xo" + "xb-" + r(12, string.digits) + "-" + r(13, string.digits) + "-" + r(24),
        "slack webhook": "hooks.sl" + f"ack.com/services/T{r(8, UPPER)}/B{r(8, UPPER)}/{r(24)}",
        "square": "sq0" + "atp-" + r(22),
        "stripe": "sk_" + "live_" + r(24),
        "supabase": "sb" + "p_" + r(40, HEX),
        "tailscale": "ts" + "key-auth-" + r(11) + "-" + r(30),
        "telegram": r(9, string.digits) + ":" + "AA" + r(33),
        "terraform": r(14) + ".atlas" + "v1." + r(67),
        "twilio": "S" + "K" + r(32, HEX),
        "vault": "hv" + "s." + r(24),
    }  # fmt: skip


def doubtful(seed: int) -> dict[str, str]:
    """What may be a secret: it is said, and nothing is stopped."""
    r = Maker(seed)
    return {
        "assigned": f"DB_PASSWORD={r(16)}",
        "quoted": f'"api_key": "{r(24)}"',
        "hex": f"secret: {r(32, HEX)}",
        "in a url": f"postgres://app:{r(14)}@db.internal:5432/app",
        "bearer": f"Authorization: Bearer {r(40)}",
    }


def alike(seed: int) -> list[str]:
    """200 texts and more that hold no secret although they look like it."""
    r = Maker(seed)
    noise = r.random
    found = [hashlib.new(kind, r(9).encode()).hexdigest()
             for kind in ("md5", "sha1", "sha256", "sha512") for _ in range(10)]  # fmt: skip
    found += [
        f"sha256:{r(64, HEX)}",
        f"sha512-{r(86)}==",
        f"commit {r(40, HEX)}",
        r(40, HEX).upper(),
    ]
    found += [str(uuid.UUID(int=noise.getrandbits(128), version=4)) for _ in range(20)]
    found += [r(26, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(10)]
    found += [f"{name}-{r(size, 'abcdefghijklmnopqrstuvwxyz0123456789')}{tail}"
              for name in ("bd", "sk", "tracker", "novacron-init", "key", "pat-eu1")
              for size, tail in ((5, ""), (8, ".1.12"), (6, "x4k2f"))]  # fmt: skip
    found += [f"see {r(7, HEX)}..{r(7, HEX)} and {r(12, HEX)}" for _ in range(10)]
    for head in ("gh" + "p_", "sk-" + "ant-", "sk-" + "proj-", "xo" + "xb-", "gl" + "pat-",
                 "np" + "m_", "h" + "f_", "AI" + "za", "sk_" + "live_", "hv" + "s."):  # fmt: skip
        found += [f"{head}{'x' * 36}", f"{head}...", f"{head}your-token-goes-here-please",
                  f"{head}<TOKEN>", f"{head}${{TOKEN}}", f"{head}{'0' * 40}"]  # fmt: skip
    return found + PLAIN


PLAIN = [
    "AK" + "IAIOSFODNN7EXAMPLE",
    "aws_secret_" + "access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0."
     "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"),
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "the file begins with -----BEGIN PRIVATE KEY----- and must not be committed",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQG",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx4Fq2bYw7vMZr0Q3kq7Yp0v1E9n2T5o6B8cD1fG3hJ ann@host",
    "password: admin", "user admin, password admin123", "login test/test1234", "PASSWORD=changeme",
    "passwd = getpass.getpass()", "token = request.headers['X-Token']", "secret = os.environ['S']",
    "api_key=settings.api_key", "const token = await fetchToken(url)", "password=None",
    "password must have 8 characters, one digit and one upper case letter", "token: string;",
    "client_secret: ${CLIENT_SECRET}", "DATABASE_URL=postgres://postgres:postgres@localhost/test",
    "postgres://user:password@localhost:5432/db", "https://user:pass@example.com/repo.git",
    "redis://:password@localhost:6379/0", "mysql://root:root@127.0.0.1/app", "amqp://guest:guest@mq",
    "git clone https://$TOKEN@github.com/a/b", "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN", "curl -H 'Authorization: Bearer YOUR_API_KEY'",
    "the bearer of good news", "bearer authentication is not supported yet",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://hooks.slack.com/services/...", "ticket task-sk-ant-hill-needs-painting-again",
    "risk-management-and-disk-usage", "npm_config_registry_url_override_for_ci_machines",
    "hf_transformers_tokenizer_parallelism", "pat_of_least_resistance_in_the_planner",
    "sk_live_reload_of_the_development_server", "gsk_file_format_of_the_old_exporter",
    "key-value-store-with-expiry-and-compaction", "cio_queue_depth_histogram_bucket_limits",
    "secret_santa_participants_of_the_year_list", "SG.com.example.module.submodule.class",
    "src/tracker/tokens/test_token_refresh_on_expiry.py::test_refresh_token_is_rotated",
    "TestTokenRefreshRotatesSecretAndInvalidatesPrevious", "2026-01-01T00:00:00.000000Z",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA",
    "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vbqajDhA0S4T1J6v8Q", "192.168.12.34:5432", "123-45-6789",
    "+49 30 1234567890", "4111 1111 1111 1111", "0xdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    "h1:Wl5kXmR2J0l4m1S0fW2jJ8mO7rXo3v5R4K1p0Q9Z8Y7=", "go.sum h1:abc", "e3b0c44298fc1c149afbf4c8",
    "integrity sha512-QKQYZ0mJ0N1Yk2b5v8tQ7x1w4j3mV6pR9sT2uW5yZ8aB1cD4eF7gH0iJ3kL6mN9oP2qR5sT8u",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt",
    "Fix the token refresh: the access token expires after 3600 s and the refresh token after 30 d",
]  # fmt: skip

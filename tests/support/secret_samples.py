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
from functools import cache

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

    def jwt(self, signature: int = 43, **more: str) -> str:
        parts = [{"alg": "HS256", "typ": "JWT", **more}, {"sub": self(8), "exp": 1800000000}]
        return ".".join([*(encoded(part) for part in parts), self(signature)])

    def jwe(self) -> str:
        header = encoded({"alg": "RSA-OAEP", "enc": "A256GCM"})
        return ".".join([header, self(342), self(16), self(64), self(22)])

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def digits(self, count: int) -> str:
        return "".join(self.random.choices(string.digits, k=count))

    def b64(self, size: int) -> str:
        """So many random bytes."""
        return base64.b64encode(self.random.randbytes(size)).decode()

    def bot(self) -> str:
        """A Discord bot's token: the number of its account, a time, a signature."""
        number = self.random.choice("123456789") + self.digits(18)
        account = base64.urlsafe_b64encode(number.encode()).decode().rstrip("=")
        return ".".join([account, self(6), self(38)])


def encoded(part: dict[str, object]) -> str:
    """A part of a JSON Web Token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@cache
def secrets(seed: int) -> dict[str, str]:
    """One secret of each kind that must never be written, by a name for it."""
    return {**_usual(Maker(seed)), **_more(Maker(seed))}


def _usual(r: Maker) -> dict[str, str]:
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


def _more(r: Maker) -> dict[str, str]:
    low = string.ascii_lowercase + string.digits
    pem = base64.b64encode(r.key("RSA").encode()).decode()
    sas = "sv=2024-11-04&ss=b&se=2027-01-01T00:00:00Z&sp=rl"
    host = "acme.webhook.off" + "ice.com/webhookb2"
    return {
        "1password account": "A3" + "-" + "-".join(r(n, UPPER) for n in (6, 6, 5, 5, 5, 5)),
        "1password service": "ops_" + "eyJ" + r(280),
        "adafruit": "ai" + "o_" + r(28),
        "adobe": "p8" + "e-" + r(32, low),
        "airtable": "pa" + "t" + r(14) + "." + r(64, HEX),
        "aiven": "AV" + "NS_" + r(19),
        "alibaba": "LT" + "AI" + r(20),
        "apideck": "sk_" + "live_" + "-".join((r(36), r(30), r(25))),
        "apify": "apify_" + "api_" + r(36),
        "artifactory": "AK" + "Cp" + r(69),
        "artifactory reference": "cmVm" + "dGtu" + r(56),
        "asana": "1" + "/" + r.digits(16) + ":" + r(32, HEX),
        "asana v2": "2" + "/" + r.digits(16) + "/" + r.digits(16) + ":" + r(32, HEX),
        "atlassian": "ATA" + "TT3" + r(180) + "=" + r(8),
        "atlassian bitbucket": "AT" + "BB" + r(32),
        "atlassian trello": "AT" + "TA" + r(72, HEX),
        "authress": "authr" + "ess_" + f"{r(10, low)}.{r(4, low)}.acc-{r(20, low)}.{r(60)}",
        "aws appsync": "da" + "2-" + r(26, low),
        "aws bedrock": "AB" + "SK" + r(128),
        "aws mws": "amzn" + ".mws." + r.uuid(),
        "axiom": "xa" + "at-" + r.uuid(),
        "azure ai": r(52) + "JQQJ9" + "9" + r(26),
        "azure app configuration": "Endpoint=https://a.azconfig.io;Id=x;Sec" + "ret=" + r.b64(32),
        "azure container registry": r(42) + "+A" + "CRA" + r(5),
        "azure cosmos": r(76) + "AC" + "Db" + r(5) + "Q==",
        "azure devops": r(76) + "AZ" + "DO" + r(4),
        "azure event hub": r(33) + "+A" + "EhA" + r(5) + "=",
        "azure function": r(44) + "Az" + "Fu" + r(5) + "Q==",
        "azure sas": f"https://a.blob.core.windows.net/c?{sas}&si" + "g=" + r(42) + "%2B%3D",
        "azure search": r(42) + "Az" + "SeA" + r(5),
        "azure service bus": "Endpoint=sb://a/;SharedAccess" + "Key=" + r.b64(32),
        "azure storage marked": r(76) + "+A" + "St" + r(5) + "Q==",
        "bitbucket data center": "BB" + "DC-" + r(44),
        "bitwarden": "0" + "." + r.uuid() + "." + r(30) + ":" + r.b64(16),
        "braintree": "access_" + "token$production$" + r(16, low) + "$" + r(32, HEX),
        "brevo": "xkey" + "sib-" + r(64, HEX) + "-" + r(16),
        "browserbase": "bb_" + "live_" + r(27),
        "buildkite": "bk" + "ua_" + r(40, HEX),
        "cerebras": "cs" + "k-" + r(48, low),
        "checkly": "c" + "u_" + r(32, HEX),
        "circleci": "CCI" + "PAT_" + r(22) + "_" + r(40, HEX),
        "clickhouse": "4b" + "1d" + r(38),
        "clickup": "p" + "k_" + r.digits(8) + "_" + r(32, UPPER),
        "clojars": "CLO" + "JARS_" + r(60, HEX),
        "close": "ap" + "i_" + r(22) + "." + r(22),
        "cloudflare origin": "v1" + ".0-" + r(24, HEX) + "-" + r(146, HEX),
        "cloudflare user": "cf" + "ut_" + r(40) + r(8, HEX),
        "contentful": "CF" + "PAT-" + r(43),
        "crates.io": "ci" + "o" + r(32),
        "cursor": "ke" + "y_" + r(64, HEX),
        "daytona": "dt" + "n_" + r(64, HEX),
        "defined networking": "dn" + "key-" + r(26) + "-" + r(52),
        "deno": "dd" + "p_" + r(36),
        "dependency-track": "od" + "t_" + r(32),
        "depot": "de" + "pot_" + "org_" + r(64, HEX),
        "discord bot": r.bot(),
        "discord webhook": "https://discord.c" + f"om/api/webhooks/{r.digits(19)}/{r(68)}",
        "doppler": "d" + "p.pt." + r(43),
        "dropbox": "s" + "l.B" + r(136),
        "duffel": "duf" + "fel_live_" + r(43),
        "dynatrace": "dt" + "0c01." + r(24, UPPER) + "." + r(64, UPPER),
        "e2b": "e2" + "b_" + r(40, HEX),
        "easypost": "EZ" + "AK" + r(54),
        "elevenlabs": "s" + "k_" + r(48, HEX),
        "endor labs": "en" + "dr+" + r(16),
        "facebook": "EA" + "AB" + r(180),
        "facebook app": r.digits(15) + "|" + r(27),
        "firebase": "AA" + "AA" + r(7) + ":" + r(140),
        "firecrawl": "f" + "c-" + r(32, HEX),
        "fireworks": "f" + "w_" + r(24),
        "fleetbase": "fl" + "b_live_" + r(20),
        "flexport": "sh" + "ltm_" + r(40),
        "flutterwave": "FLW" + "SECK-" + r(32, HEX) + "-X",
        "fly.io": "fm" + "2_" + r(120),
        "frame.io": "fi" + "o-u-" + r(64),
        "fullstory": "na" + "1." + r(100),
        "github refresh": "gh" + "r_" + r(76),
        "gitlab runner": "GR" + "1348941" + r(20),
        "gitlab routable": "gl" + "pat-" + r(27) + ".01." + r(9, low),
        "gitpod": "git" + "pod_pat_" + r(60),
        "google gemini": "AQ" + ".Ab" + r(50),
        "google refresh": "1" + "//0" + r(90),
        "grafana cloud": "gl" + "c_eyJ" + r(80),
        "grafana legacy": "eyJr" + "Ijoi" + r(80),
        "harness": "pa" + "t." + r(22) + "." + r(24, HEX) + "." + r(20),
        "hcaptcha": "E" + "S_" + r(32, HEX),
        "heroku": "HR" + "KU-AA" + r(58),
        "honeycomb": "hc" + "aik_" + r(58, low),
        "hubspot": "pa" + "t-na1-" + r.uuid(),
        "infisical": "s" + "t." + r(24, HEX) + "." + r(32, HEX) + "." + r(32, HEX),
        "infracost": "ic" + "o-" + r(32),
        "intercom": "dG9" + "rO" + r(54) + "=",
        "intra42": "s-s" + "4t2ud-" + r(64, HEX),
        "ionic": "io" + "n_" + r(42, low),
        "jina": "ji" + "na_" + r(60),
        "jwk": '{"kty":"OKP","crv":"Ed25519","' + 'd":"' + r(43) + '"}',
        "jwe": r.jwe(),
        "jwt long": r.jwt(342, x5t=r(600)),
        "jwt short": r.jwt(22),
        "klaviyo": "p" + "k_" + r(34, HEX),
        "kubeconfig": "client-key-data: " + pem,
        "langfuse": "sk-" + "lf-" + r.uuid(),
        "langsmith": "ls" + "v2_pt_" + r(32, HEX) + "_" + r(10, HEX),
        "launchdarkly": "sd" + "k-" + r.uuid(),
        "lob": "li" + "ve_" + r(35, HEX),
        "mailersend": "ml" + "sn." + r(64, HEX),
        "mailgun": "ke" + "y-" + r(32, HEX),
        "mailgun new": r(32, HEX) + "-" + r(8, HEX) + "-" + r(8, HEX),
        "mandrill": "m" + "d-" + r(22),
        "mapbox": "s" + "k.eyJ" + r(80) + "." + r(22),
        "maxmind": r(6) + "_" + r(29) + "_m" + "mk",
        "mem0": "m" + "0-" + r(40),
        "modal": "a" + "s-" + r(22),
        "mollie": "li" + "ve_" + r(30),
        "mongodb atlas": "mdb_" + "sa_sk_" + r(40),
        "neon": "na" + "pi_" + r(64, low),
        "netbird": "nb" + "p_" + r(36),
        "netlify": "nf" + "p_" + r(36),
        "new relic": "NR" + "AK-" + r(27, UPPER),
        "new relic license": r(32, HEX) + "FFFF" + "NRAL",
        "nightfall": "N" + "F-" + r(32),
        "notion old": "sec" + "ret_" + r(43),
        "nuget": "oy" + "2" + r(43, low),
        "nvidia": "nv" + "api-" + r(64),
        "nylas": "ny" + "k_v0_" + r(64),
        "octopus": "AP" + "I-" + r(26, UPPER),
        "okta": "Authorization: SS" + "WS 00" + r(40),
        "openai session": "se" + "ss-" + r(40),
        "openshift": "sha" + "256~" + r(43),
        "openvsx": "ov" + "sxat_" + r.uuid(),
        "paddle": "pd" + "l_live_apikey_" + r(26, low) + "_" + r(22) + "_" + r(3),
        "pagarme": "a" + "k_live_" + r(30),
        "percy": "we" + "b_" + r(64, HEX),
        "perplexity": "pp" + "lx-" + r(48),
        "persona": "per" + "sona_production_" + r.uuid(),
        "pinecone": "pc" + "sk_" + r(6) + "_" + r(63),
        "plaid": "acc" + "ess-production-" + r.uuid(),
        "polar": "po" + "lar_oat_" + r(43),
        "posthog": "ph" + "x_" + r(43),
        "prefect": "pn" + "u_" + r(36),
        "pubnub": "se" + "c-c-" + r(48),
        "pulumi": "pu" + "l-" + r(40, HEX),
        "putty": "PuTTY-User-Key-" + f"File-3: ssh-ed25519\nPrivate-Lines: 1\n{r.b64(48)}",
        "ramp": "ramp" + "_sec_" + r(48),
        "readme": "rd" + "me_" + r(70, low),
        "red hat": "rh" + "-api-" + r.uuid(),
        "render": "rn" + "d_" + r(30),
        "resend": "r" + "e_" + r(8) + "_" + r(24),
        "retool": "ret" + "ool_01" + r(26, low),
        "rootly": "roo" + "tly_" + r(64, HEX),
        "runpod": "rp" + "a_" + r(46),
        "salad": "salad_" + "cloud_" + r(6) + "_" + r(60),
        "salesforce": "00" + "D" + r(12) + "!" + r(96),
        "scalingo": "tk-" + "us-" + r(48),
        "secret-token": "secret-" + "token:" + r(32),
        "segment": "sg" + "p_" + r(64),
        "sentry organisation": "sn" + "trys_eyJ" + r(190),
        "settlemint": "sm_" + "pat_" + r(16),
        "shippo": "ship" + "po_live_" + r(40, HEX),
        "slack app": "xa" + f"pp-1-{r(11, UPPER)}-{r.digits(13)}-{r(64, HEX)}",
        "slack cookie": "xo" + "xd-" + r(120),
        "socket": "skt" + "sec_" + r(40),
        "sonarqube": "sq" + "u_" + r(40, HEX),
        "sourcegraph": "sg" + "p_" + r(16, HEX) + "_" + r(40, HEX),
        "sourcegraph cody": "sl" + "k_" + r(64, HEX),
        "square production": "EA" + "AA" + r(60),
        "ssh2": "---- BEGIN SSH2 ENCRYPTED PRIVATE " + f"KEY ----\n{r.b64(300)}",
        "stackhawk": "ha" + "wk." + r(20) + "." + r(20),
        "statsig": "sec" + "ret-" + r(43),
        "stripe restricted": "rk_" + "live_" + r(98),
        "stripe webhook": "wh" + "sec_" + r(32),
        "stytch": "secret-" + "live-" + r(36),
        "supabase new": "sb_" + "secret_" + r(31),
        "tavily": "tv" + "ly-dev-" + r(32),
        "teamcity": "eyJ0eXAiOiAi" + "VENWMiJ9." + r(36) + "." + r(48),
        "teams webhook": f"https://{host}/{r.uuid()}@{r.uuid()}/Incoming"
         f"Webhook/{r(32, HEX)}/{r.uuid()}",
        "telnyx": "KE" + "Y0" + r(31, "0123456789ABCDEF") + "_" + r(22),
        "together": "tg" + "p_v1_" + r(43),
        "traceloop": "t" + "l_" + r(64, HEX),
        "twitch": "li" + "ve_" + r.digits(9) + "_" + r(30),
        "twitter": "A" * 22 + r(90),
        "typeform": "tf" + "p_" + r(44) + "_" + r(14),
        "ubidots": "BB" + "FF-" + r(30),
        "unkey": "un" + "key_" + r(24),
        "vault batch": "hv" + "b." + r(140),
        "vercel": "vc" + "p_" + r(56),
        "vercel blob": "vercel_" + "blob_rw_" + r(16) + "_" + r(30),
        "voiceflow": "V" + "F.DM." + r(24, HEX) + "." + r(16),
        "voyage": "p" + "a-" + r(43),
        "wandb": "wandb" + "_v1_" + r(77),
        "wireguard": "Private" + "Key = " + r.b64(32),
        "xai": "xa" + "i-" + r(80),
        "xendit": "xn" + "d_production_" + r(60),
        "yandex": "AQ" + "VN" + r(36),
        "zapier webhook": "https://hooks.zap" + f"ier.com/hooks/catch/{r.digits(8)}/{r(7, low)}",
        "zoho": "10" + "00." + r(32, HEX) + "." + r(32, HEX),
        "zuplo": "zp" + "ka_" + r(40) + "_" + r(8, HEX),
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

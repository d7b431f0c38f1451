"""Secrets in texts: what looks like a vendor's token or a private key, and what may be a password.

`find` names rule and place, never the value: whoever reports a finding cannot leak it. Rules that
refuse have a shape that only one vendor's tokens have; the loose ones (a password that is assigned,
one in a URL, a bearer word) only warn, since in real texts nearly all that they find is harmless.

Most texts hold none of the words that tokens begin with, and then no pattern is compiled.

Laws: `find` of a text without a hint is empty; findings ascend and do not overlap; after `redacted`
none of them is found again.
"""

from __future__ import annotations

import re
from math import log2
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_START = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9])"
_SHORTEST = 20  # characters of a token; no vendor's are shorter
_HEX = "[0-9a-f]"
_B62 = "[A-Za-z0-9]"

# The name of the rule, what each of its tokens holds (any of the words), and the form of a token.
# Sources: the vendors' documents; what several scanners of repositories agree on.
_VENDORS: tuple[tuple[str, str, str], ...] = (
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("airtable", "pat", rf"pat{_B62}{{14}}\.{_HEX}{{64}}"),
    ("anthropic", "sk-ant-", r"sk-ant-[\w-]{20,}"),
    ("atlassian", "ATATT3 ATCTT3 ATBB", r"(?:AT[AC]TT3[\w=-]{40,}|ATBB[A-Za-z0-9]{32})"),
    ("aws-access-key", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    ("azure-client-secret", "8Q~", r"[\w~.-]{3}8Q~[\w~.-]{31,34}(?![\w~.-])"),
    ("azure-storage", "AccountKey=", r"AccountKey=(?P<s>[A-Za-z0-9+/]{86}==)"),
    ("brevo", "xkeysib-", rf"xkeysib-{_HEX}{{64}}-{_B62}{{16}}"),
    ("buildkite", "bkua_", rf"bkua_{_HEX}{{40}}"),
    ("circleci", "CCIPAT_", rf"CCIPAT_{_B62}{{22}}_{_HEX}{{40}}"),
    ("crates.io", "cio", rf"cio{_B62}{{32}}"),
    ("databricks", "dapi", rf"dapi{_HEX}{{32}}(?:-\d)?"),
    ("digitalocean", "dop_v1_ doo_v1_ dor_v1_", rf"do[opr]_v1_{_HEX}{{64}}"),
    ("discord-webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d+/[\w-]{60,}"),
    ("docker", "dckr_", r"dckr_(?:pat|oat)_[\w-]{27,}"),
    ("doppler", "dp.", rf"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{{2,35}}\.)?{_B62}{{40,44}}"),
    ("dynatrace", "dt0", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("figma", "figd_", r"figd_[\w-]{40,}"),
    ("firebase", "AAAA", r"AAAA[\w-]{7}:[\w-]{140}"),
    ("fly.io", "fo1_ fm1 fm2_", r"(?:fo1_[\w-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,}={0,3})"),
    ("github", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
     rf"(?:gh[pousr]_{_B62}{{36,255}}|github_pat_\w{{82}})"),
    ("gitlab", "glpat- glptt- gldt- glrt- glcbt- glsoat- glft- glimt- glagent- gloas-",
     r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas)-[\w-]{20,}(?:\.[\w.]{7,20})?"),
    ("google-api-key", "AIza", r"AIza[\w-]{35}(?![\w-])"),
    ("google-oauth", "GOCSPX- ya29. 1//0", r"(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{40,}|1//0[\w-]{40,})"),
    ("grafana", "glc_ glsa_",
     rf"(?:glc_eyJ[A-Za-z0-9+/]{{29,}}={{0,2}}|glsa_{_B62}{{32}}_{_HEX}{{8}})"),
    ("groq", "gsk_", rf"gsk_{_B62}{{40,60}}"),
    ("heroku", "HRKU-", r"HRKU-[\w-]{36,66}"),
    ("hubspot", "pat-", rf"pat-(?:na|eu)\d-{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"),
    ("hugging-face", "hf_ api_org_", rf"(?:hf_{_B62}{{34,40}}|api_org_{_B62}{{34}})"),
    ("jfrog", "AKCp", rf"AKCp{_B62}{{60,72}}"),
    ("jwt", "eyJ", r"eyJ[\w-]{8,400}\.eyJ[\w-]{8,8000}\.[\w-]{20,}"),
    ("langsmith", "lsv2_", rf"lsv2_(?:pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}"),
    ("linear", "lin_", rf"lin_(?:api|oauth)_{_B62}{{32,64}}"),
    ("mailchimp", "-us", rf"{_HEX}{{32}}-us\d{{1,2}}"),
    ("netlify", "nfp_", rf"nfp_{_B62}{{36}}"),
    ("new-relic", "NRAK- NRII- NRAA-", r"NR(?:AK|II|AA)-[\w-]{27,32}"),
    ("notion", "ntn_ secret_", rf"(?:ntn_{_B62}{{40,50}}|secret_{_B62}{{43}})"),
    ("npm", "npm_", rf"npm_{_B62}{{36}}"),
    ("nuget", "oy2", r"oy2[a-z0-9]{43}"),
    ("openai", "sk-",
     rf"sk-(?:(?:proj|svcacct|admin|None)-[\w-]{{20,}}|{_B62}{{20}}T3BlbkFJ{_B62}{{20}}|{_B62}{{32,64}})"),
    ("openrouter", "sk-or-", rf"sk-or-(?:v\d-)?{_HEX}{{64}}"),
    ("perplexity", "pplx-", rf"pplx-{_B62}{{40,64}}"),
    ("pinecone", "pcsk_", rf"pcsk_{_B62}{{5,6}}_{_B62}{{50,70}}"),
    ("planetscale", "pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.=-]{32,64}"),
    ("postman", "PMAK-", rf"PMAK-{_HEX}{{24}}-{_HEX}{{34}}"),
    ("pulumi", "pul-", rf"pul-{_HEX}{{40}}"),
    ("pypi", "pypi-AgE", r"pypi-AgE[\w-]{50,}"),
    ("replicate", "r8_", rf"r8_{_B62}{{37}}"),
    ("rubygems", "rubygems_", rf"rubygems_{_HEX}{{48}}"),
    ("sendgrid", "SG.", r"SG\.[\w-]{16,32}\.[\w-]{30,60}"),
    ("sentry", "sntrys_ sntryu_", rf"(?:sntryu_{_HEX}{{64}}|sntrys_eyJ[A-Za-z0-9+/=_-]{{60,}})"),
    ("shopify", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("slack", "xox xapp- xoxe.",
     r"(?:(?:xoxe\.)?xox[abeoprs]-[A-Za-z0-9-]{20,}|xapp-\d-[A-Z0-9]+-\d+-[0-9a-f]{16,})"),
    ("slack-webhook", "hooks.slack.com/",
     r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{30,}"),
    ("square", "sq0", r"sq0(?:atp|csp)-[\w-]{22,43}"),
    ("stripe", "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
     rf"(?:[sr]k_(?:live|test)_{_B62}{{16,}}|whsec_[A-Za-z0-9+/]{{24,}}={{0,2}})"),
    ("supabase", "sbp_ sb_secret_", rf"(?:sbp_{_HEX}{{40}}|sb_secret_[\w-]{{20,}})"),
    ("tailscale", "tskey-", r"tskey-[a-z]+-\w+-\w{16,}"),
    ("telegram", ":AA", r"\d{8,10}:AA[\w-]{33}(?![\w-])"),
    ("terraform", ".atlasv1.", rf"{_B62}{{14}}\.atlasv1\.[\w-]{{60,70}}"),
    ("twilio", "SK", rf"SK{_HEX}{{32}}"),
    ("vault", "hvs. hvb. hvr.", r"hv[sbr]\.[\w-]{24,}"),
    ("xai", "xai-", rf"xai-{_B62}{{60,84}}"),
)  # fmt: skip

# These are looked for in the whole text: they hold spaces.
_GAP = r"(?:\\+[nrt]|[\s\"'`+,>|#*])"  # a line's end, also where it is quoted or escaped
_BASE64 = "[A-Za-z0-9+/=]"
_KEY = (
    r"-----BEGIN(?: [A-Z0-9]+)* PRIVATE KEY(?: BLOCK)?-----"
    rf"{_GAP}{{0,99}}(?:[A-Z][\w-]{{0,30}}:[^\n\\]{{0,80}}(?:\\[nr]|\n))*"
    rf"{_GAP}{{0,99}}{_BASE64}{{16,}}(?:{_GAP}{{1,99}}{_BASE64}{{16,}})*"
    rf"(?:{_GAP}{{0,99}}{_BASE64}{{0,99}}{_GAP}{{0,99}}"
    r"-----END(?: [A-Z0-9]+)* PRIVATE KEY(?: BLOCK)?-----)?"
)
_PUTTY = (
    r"PuTTY-User-Key-File-\d:[\s\S]{0,4000}?"
    rf"Private-Lines: ?\d+{_GAP}{{1,99}}{_BASE64}{{16,}}(?:{_GAP}{{1,99}}{_BASE64}{{16,}})*"
)
_AWS = (
    r"(?i:secret[ _-]?(?:access)?[ _-]?key)[\w ]{0,10}[\"'`]?\s{0,3}(?:=|:|=>)\s{0,3}"
    r"[\"'`]?(?P<s>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])"
)
_WHOLE: tuple[tuple[str, str, str], ...] = (
    ("private-key", "PRIVATE KEY", _KEY),
    ("putty-key", "PuTTY-User-Key-File-", _PUTTY),
)

_NAMES = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|"
    r"client[_-]?secret|private[_-]?key|credential"
)
_BEARER = (
    r"(?i:authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token|apikey)|bearer)"
    r"\s+(?P<s>[\w.~+/-]{20,}=*)"
)
_URL = r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://(?P<user>[^\s/:@\"'<>`]{0,64}):(?P<s>[^\s/@\"'<>`]{6,})@[\w.\[-]"
_ASSIGNED = (
    rf"(?i:(?:{_NAMES}))s?\w{{0,20}}[\"'`]?\s{{0,3}}(?:=|:=|=>|:)\s{{0,3}}"
    r"[\"'`]?(?P<s>[^\s\"'`,;()\[\]{}<>]{8,})"
)
# A hint in lower case, the name of the rule, its form, and whether it refuses.
_LOOSE: tuple[tuple[str, str, str, bool], ...] = (
    ("secret", "aws-secret-key", _AWS, True),
    ("://", "password-in-url", _URL, False),
    ("bearer", "authorization", _BEARER, False),
    ("authorization", "authorization", _BEARER, False),
    *((hint, "assigned", _ASSIGNED, False)
      for hint in ("pass", "pwd", "secret", "token", "key", "credential")),
)  # fmt: skip

# Patterns stay texts until one is needed: `re` keeps what it compiled.
_SAID = "example|placeholder|redacted|change.?me|dummy|your|fake|sample|insert|replace|xxxx|abcdefg"
_PLACEHOLDER = rf"{_SAID}|{_SAID.upper()}|\*\*\*|\.\.\.|…|<|>|\$|%|1234567|(.)\1{{7}}"
_WORDS = r"(?:[a-z]*|[A-Z]*|[A-Z][a-z]+)(?:[-_.](?:[a-z]*|[A-Z]*|[A-Z][a-z]+))*"
_CODE = r"[A-Za-z_]\w*(?:(?:\.|::|->)\w+)+|[\w./~-]*/[\w./~-]*|https?:.*"
_RUN = "[A-Za-z0-9_-]{16,}"  # each token holds one
_HINTS = tuple((hint, (name, form)) for name, hints, form in _VENDORS for hint in hints.split())


class Finding(NamedTuple):
    """Where a text holds what may be a secret; `refuses` tells a vendor's token from a guess."""

    rule: str
    start: int
    end: int
    fingerprint: str
    refuses: bool


def find(text: str) -> list[Finding]:
    """What may be a secret in a text, in its order."""
    found: list[Finding] = []
    for rule, refuses, match in _matches(text):
        start, end = match.span("s" if "s" in match.groupdict() else 0)
        if all(end <= other.start or start >= other.end for other in found):
            found.append(Finding(rule, start, end, fingerprint(text[start:end]), refuses))
    return sorted(found, key=lambda one: one.start)


def hinted(text: str) -> bool:
    """Whether a text may hold a secret at all; quick, and true for few texts."""
    return next(_asked(text), None) is not None


def fingerprint(value: str) -> str:
    """What names a secret without telling it: 16 hex digits of its SHA-256."""
    import hashlib

    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def mark(finding: Finding) -> str:
    """What stands in the place of a secret.

    Only a vendor's token has a part of its fingerprint there: that of a short password would tell
    it to whoever tries a list of words.
    """
    part = f":{finding.fingerprint[:8]}" if finding.refuses else ""
    return f"[redacted:{finding.rule}{part}]"


def redacted(text: str, findings: Iterable[Finding]) -> str:
    """The text with a mark in the place of each finding."""
    for one in sorted(findings, key=lambda one: -one.start):
        text = text[: one.start] + mark(one) + text[one.end :]
    return text


def _asked(text: str) -> Iterator[tuple[str, str, bool]]:
    """Name and pattern of each rule that the text holds a hint of, and whether it refuses."""
    for rule, hint, pattern in _WHOLE:
        if hint in text:
            yield rule, pattern, True
    if any(map(_is_varied, re.findall(_RUN, text))):
        long = " ".join([word for word in text.split() if len(word) >= _SHORTEST])
        for rule, pattern in {rule: None for hint, rule in _HINTS if hint in long}:
            yield rule, f"{_START}{pattern}{_END}", True
    low = text.lower()
    yield from {(rule, form, refuses): None for hint, rule, form, refuses in _LOOSE if hint in low}


def _is_varied(run: str) -> bool:
    return not (run.islower() or run.isupper()) or not re.fullmatch("[a-zA-Z_-]+", run)


def _matches(text: str) -> Iterator[tuple[str, bool, re.Match[str]]]:
    for rule, pattern, refuses in _asked(text):
        check = _CHECKS.get(rule, _is_token)
        for match in re.finditer(pattern, text):
            if check(match):
                yield rule, refuses, match


def _secret_of(match: re.Match[str]) -> str:
    return match["s"] if "s" in match.groupdict() else match[0]


def _is_placeholder(value: str) -> bool:
    return re.search(_PLACEHOLDER, value) is not None


def _entropy(text: str) -> float:
    """Shannon's, in bits per character."""
    shares = [text.count(one) / len(text) for one in set(text)]
    return -sum(share * log2(share) for share in shares)


def _is_token(match: re.Match[str]) -> bool:
    """Whether it is one that somebody was given, and no word or placeholder in its form."""
    value = _secret_of(match)
    if _is_placeholder(value) or re.fullmatch(_WORDS, value):
        return False
    return _entropy(value) >= 2.6


def _is_key(match: re.Match[str]) -> bool:
    body = match[0].partition("KEY")[2]
    return _entropy(re.sub(r"[^A-Za-z0-9+/]", "", body) or "-") >= 3.3


def _is_aws(match: re.Match[str]) -> bool:
    value = match["s"]
    is_hash = re.fullmatch("[0-9a-f]+|[0-9A-F]+", value)
    return not is_hash and not _is_placeholder(value) and _entropy(value) >= 4.0


def _is_jwt(match: re.Match[str]) -> bool:
    """Whether header and payload are JSON; the one that every text about it shows is none."""
    import base64
    import json

    head, body, _ = match[0].split(".")
    try:
        header, payload = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in (head, body)
        )
    except ValueError:
        return False
    is_known = isinstance(payload, dict) and payload.get("sub") == "1234567890"
    return isinstance(header, dict) and "alg" in header and not is_known


def _is_url(match: re.Match[str]) -> bool:
    value = match["s"]
    usual = match["user"].lower() == value.lower() or re.fullmatch(_WORDS, value)
    return not usual and not _is_placeholder(value) and _is_mixed(value)


def _is_bearer(match: re.Match[str]) -> bool:
    return _is_assigned(match) and _entropy(match["s"]) >= 3.5


def _is_assigned(match: re.Match[str]) -> bool:
    """Whether it looks chosen by chance: no word, no code, no name of a file, no test login."""
    value = match["s"].rstrip(".:\\|!?*")
    if _is_placeholder(value) or re.fullmatch(_WORDS, value) or re.fullmatch(_CODE, value):
        return False
    if re.fullmatch("[0-9a-f]{8,}", value):
        return len(value) >= 16 and _entropy(value) >= 3.0
    return len(value) >= 8 and _is_mixed(value) and _entropy(value) >= 3.0


def _is_mixed(value: str) -> bool:
    """Whether digits stand among letters, and not only before or after them."""
    kinds = re.sub(r"[^a-zA-Z0-9]+", "", re.sub(r"[a-z]+", "a", re.sub(r"\d+", "1", value)))
    return len(re.findall(r"\d", kinds)) + len(re.findall(r"[A-Z]+", kinds)) >= 3


_CHECKS = {
    "private-key": _is_key,
    "putty-key": _is_key,
    "aws-secret-key": _is_aws,
    "jwt": _is_jwt,
    "password-in-url": _is_url,
    "authorization": _is_bearer,
    "assigned": _is_assigned,
}

"""Masks secrets before a line leaves as evidence. Knows no format and no topic; takes time linear in what it keeps."""

import re
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from streams.core.lazily import Lazily

KEPT_CHARS = 300
_READ_CHARS = 2 * KEPT_CHARS  # bounds what the patterns below can cost
_MASK = "***"
_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key(?:[_-]?base)?|client[_-]?secret|private[_-]?key"
    r"|encryption[_-]?key|signing[_-]?key|session(?:[_-]?id)?|signature|sig|credentials?|otp|pin|cvc|cvv|ssn|dsn|iban"
    r"|code(?:[_-]?verifier)|auth|jwt|csrf(?:[_-]?token)?|x-amz-(?:signature|credential|security-token)"
)
_ENDINGS = r"(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|secret|private)_?key)"
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*+\"?|'[^']*+'?|\\+\"[^\"\\]*+\\*+\"?|[^\s\"'&,;)}\]]+)"


class Rule(Struct, frozen=True):
    """One kind of secret: in every text that holds it stands one of the needles, in small letters."""

    needles: tuple[str, ...]
    mask: Callable[[str], str]
    why: str


def _rule(needles: tuple[str, ...], pattern: str, by: str | Callable[[re.Match[str]], str], why: str) -> Rule:
    return Rule(needles, partial(Lazily(pattern, re.IGNORECASE).sub, by), why)


def _exact(needles: tuple[str, ...], pattern: str, why: str, by: str | Callable[[re.Match[str]], str] = _MASK) -> Rule:
    """Make a rule whose letters are as large as they stand: keys of providers."""
    return Rule(needles, partial(Lazily(pattern).sub, by), why)


def _card(found: re.Match[str]) -> str:
    """Mask a number if its last digit checks the others, as of a payment card (Luhn)."""
    digits = [int(char) for char in found[0] if char.isdigit()]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return found[0] if total % 10 or len(set(digits)) == 1 else _MASK


def _account(found: re.Match[str]) -> str:
    """Mask an account's number if its check digits are right (ISO 13616)."""
    plain = found[0].replace(" ", "")
    number = "".join(str(int(char, 36)) for char in plain[4:] + plain[:4])
    return _MASK if int(number) % 97 == 1 else found[0]


# In this order: what a later row would only half see is gone before.
_RULES = (
    _exact(
        ("private key",),
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*+"
        r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
        "private keys, also with line ends written as \\n, and with a head that says how they are encrypted",
    ),
    _rule(
        ("authorization",),
        r"\b((?:proxy-|x-)?authorization\\*[\"']?\s*(?:[:=]|=>|,)\s*\\*[\"'\[]*)"
        r"((?:basic|bearer|bot|token|digest|negotiate|apikey|aws4-hmac-sha256|hawk)\s+)?[^\s\"',;\\\]]+",
        rf"\1\2{_MASK}",
        "headers",
    ),
    _rule(
        ("cookie",),
        r"\b((?:set-)?cookies?\\*[\"']?\s*(?:[:=]|=>)\s*\\*[\"'\[]*)[^\n\"'\\\]]+",
        rf"\1{_MASK}",
        "whole: any part may be a session",
    ),
    _rule(
        ("://",),
        r"\b([a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,100}):[^\s@/]+@(?:[^\s@/\"',;?]*@)*+",
        rf"\1:{_MASK}@",
        "connection strings; a password may hold an @: it ends at the last one before the host",
    ),
    _rule(
        ("hooks.slack.com", "discord", "sentry"),
        r"(hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/[0-9]{5,25}/)[A-Za-z0-9/_-]+|(?<=://)[0-9a-f]{32}(?=@)",
        rf"\1{_MASK}",
        "addresses that are secrets",
    ),
    _rule(
        ("=", ":"),
        rf"((?:(?<![a-z])|[_-])(?=[acdeijopstx])(?:{_NAMES})\\*[\"']?\s*(?:=>|[=:])\s*){_VALUE}",
        lambda found: f"{found[1]}{_quoted(found[0][len(found[1]) :])}",
        "by the name before it",
    ),
    _rule(
        ("passw", "passphrase", "secret", "token", "key"),
        rf"((?<=[a-z0-9\[]){_ENDINGS}\]?\\*[\"']?\s*(?:=>|[=:])\s*|{_ENDINGS}%3d){_VALUE}",
        lambda found: f"{found[1]}{_quoted(found[0][len(found[1]) :])}",
        "by how a longer name ends: userPassword, PGPASSWORD, user[password]; also within a target inside a target",
    ),
    _rule(("bearer",), r"\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}", rf"\1{_MASK}", "tokens without a header's name"),
    _rule(("eyj",), r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*", _MASK, "JSON web tokens"),
    _exact(
        ("_", "-", "dapi", "pat", "eaac", "atatt3"),
        r"\b(?:"
        r"(?:sk|pk|rk)[_-](?:live|test|proj|ant|or|svcacct|admin)?[A-Za-z0-9_-]{12,}"  # Stripe, OpenAI, Anthropic, OpenRouter
        r"|whsec_[A-Za-z0-9+/=]{12,}"  # Stripe, Svix
        r"|(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{12,}|glpat-[A-Za-z0-9_-]{12,}"  # GitHub, GitLab
        r"|xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}"  # Slack
        r"|shp(?:at|ca|pa|ss|ua)_[A-Za-z0-9]{12,}"  # Shopify
        r"|(?:fo1|fm[12][a-z]?)_[A-Za-z0-9_+/=-]{12,}"  # Fly
        r"|sbp_[A-Za-z0-9]{12,}|sb_(?:secret|publishable)_[A-Za-z0-9_-]{12,}"  # Supabase
        r"|npm_[A-Za-z0-9]{12,}|pypi-[A-Za-z0-9_-]{12,}|dop_v1_[a-f0-9]{12,}|hf_[A-Za-z0-9]{12,}|re_[A-Za-z0-9_]{16,}"
        r"|dapi[a-f0-9]{24,}|lin_api_[A-Za-z0-9]{12,}|ntn_[A-Za-z0-9]{12,}|secret_[A-Za-z0-9]{24,}|ph[cx]_[A-Za-z0-9]{12,}"
        r"|sntrys_[A-Za-z0-9_+/=-]{12,}|key-[a-f0-9]{32}|pat[A-Za-z0-9]{14}\.[a-f0-9]{32,}|EAAC[A-Za-z0-9]{20,}"
        r"|tskey-[A-Za-z0-9-]{12,}|x(?:key|smtp)sib-[a-f0-9]{12,}(?:-[A-Za-z0-9]+)?"  # Tailscale, Brevo
        r"|(?:gsk|r8|napi|nfp|lin_oauth|sntryu)_[A-Za-z0-9]{20,}|(?:xai|pplx|csk)-[A-Za-z0-9]{20,}"  # Groq, Neon, xAI
        r"|(?:pcsk|lsv2_(?:pt|sk)|glsa|vercel_blob_rw)_[A-Za-z0-9_]{20,}|(?:tvly|nvapi)-[A-Za-z0-9_-]{20,}"  # Pinecone, Grafana
        r"|(?:tgp_v1|figd)_[A-Za-z0-9_-]{20,}|tsec_[A-Za-z0-9+/_-]{20,}|(?:glc|ops)_eyJ[A-Za-z0-9_+/=-]{20,}"  # Tigris
        r"|gl(?:cbt|dt|ptt)-[A-Za-z0-9_-]{12,}|ATATT3[A-Za-z0-9_=-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{20,})",  # GitLab, age
        "keys known by their beginning",
    ),
    _exact(("akia", "asia"), r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}", "keys of AWS"),
    _exact(
        ("aiza", "ya29.", "gocspx", "1//0"),
        r"\b(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{12,}|GOCSPX-[A-Za-z0-9_-]{12,}|(?<!/)1//0[A-Za-z0-9_-]{30,})",
        "Google's",
    ),
    _exact(
        ("dp.", ".atlasv1.", ":aa"),
        r"\b(?:dp\.(?:pt|ct|st)\.[A-Za-z0-9_.-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,}|[0-9]{8,10}:AA[A-Za-z0-9_-]{33})",
        "Doppler's, Terraform's, Telegram's",
    ),
    _exact(("sg.",), r"\bSG\.[A-Za-z0-9_-]{12,}(?:\.[A-Za-z0-9_-]{12,})?", "keys of SendGrid"),
    _exact(("sk", "ac"), r"\b(?:SK|AC)[a-f0-9]{32}\b", "keys of Twilio"),
    _exact(
        ("accountkey", "sharedaccess"),
        r"\b((?:AccountKey|SharedAccessKey|SharedAccessSignature)=)[^;\s\"']+",
        "keys of Azure",
        rf"\1{_MASK}",
    ),
    _exact(("@",), r"[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9.-]{1,100}\.[A-Za-z]{2,12}\b", "e-mail addresses"),
    _exact(("",), r"(?<![0-9A-Za-z.])[3-6][0-9]{3}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}(?![0-9A-Za-z])", "payment cards", _card),
    _exact(("",), r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", "bank accounts", _account),
)


def _quoted(value: str) -> str:
    """Return the mask within the quotes of a value."""
    quote = value[0] if value[0] in "\"'" else ""
    return f"{quote}{_MASK}{quote}"


def mask(text: str) -> str:
    """Return the beginning of a text, at most 300 characters, with secrets and addresses of people taken out."""
    kept = text[:_READ_CHARS]
    small = kept.lower()
    for rule in _RULES:
        if any(map(small.__contains__, rule.needles)):
            kept = rule.mask(kept)
    return kept[:KEPT_CHARS]

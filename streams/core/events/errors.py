"""An app says that it failed: loggers' levels, errors by their class, panics. Knows no cause.

The line that names the error is the event; its frames are not. What a logger prints indented belongs to what stands above it.
"""

from streams.core.events.sign import Sign, sign
from streams.core.lazily import Lazily
from streams.core.values import EventKind

_APP = ("app", "")
_TAGS = r"^(?:\[[^\]\n]{1,60}\] ?){0,4}"
_THREAD = r"Exception in thread \"[^\"\n]{0,60}\" "
_CLASS = r"(?:[A-Za-z_][A-Za-z0-9_]{0,60}(?:\.|::|\$|\\)){0,8}[A-Za-z0-9_]{0,60}"
_BEFORE_JS = (
    r"(?: ?\u2a2f )?(?:(?:unhandledRejection|uncaughtException): {1,2})?(?:error: )?(?:Uncaught |Unhandled )?"
    r"(?:\(in promise\) )?(?:\(node:[0-9]+\) (?:UnhandledPromiseRejectionWarning: )?)?"
)
_LEVELS = r"(?:ERROR|FATAL|CRITICAL|EMERGENCY|ALERT)"
# Before the level: a date and a time; a thread, a logger's name, but no other level; what is in brackets, addresses, pairs.
_STAMP = (
    r"(?:[\[(]?[0-9][^\s]{0,40}[ \t]{1,8}){0,3}"
    r"(?:(?![^\s]{0,40}(?:INFO|DEBUG|TRACE|WARN|NOTICE|LOG:))[^\s]{1,60}[ \t]{1,8}){0,3}"
    r"(?:(?:[\[(<][^\s]{1,60}|[^\s@=]{1,40}[@=][^\s]{1,60})[ \t]{1,8}){0,6}"
)
# The first words in brackets, unless those are a stamp, numbers or what only another level could follow.
_FIRST = r"^(?:\[[A-Z][a-z]{2} [^\]\n]{1,40}\] |(?:\[[0-9][^\]\n]{0,40}\])+)?[^\[\n]{0,60}\["
_SHORT_STAMP = r"^\[?[0-9][^\s]{0,40}[ \t](?:[0-9][^\s]{0,40}[ \t]|[AP]M )?(?:[+-][0-9:]{4,6} )?"
_SYMBOL = r"(?:[^\x20-\x7e\s]{1,6} ?)?"
_WORDED_CHARS = 400
_NOTHING = r"(?:null|undefined|false|none|None|nil|''|\"\"|[\[{0])"
_DOING = r"(?!(?:handl|track|report|logg|monitor|log|test)ing\b)[a-z]{2,20}ing"
# Nothing failed where an error is ignored, or where something quotes one; sshd's are of those who knock.
_SSHD = (
    r"(?:kex_(?:exchange_identification|protocol_error): "
    r"|maximum authentication attempts exceeded for |PAM: Authentication failure for )"
)
_QUOTED = r"(?<!ailed)(?<!ailure)(?<!rror): \""
# Nor where a level says so, where it is over or none, nor where a proxy's client went away.
_CALM = r"(?!(?:[^\s]{1,40}[ \t]{1,4}){0,3}?(?:[\[(]?(?:DEBUG|INFO|TRACE)\b|[\[(](?:debug|info|trace)\b|(?:debug|info|trace):))"
_NONE = r"(?:0|false|[Nn]one|nil|null|undefined)(?:[,;)\]}]|[ \t]*+$)"
_IN_WORDS = (
    rf"^{_CALM}[^\s](?:(?!{_QUOTED})[^\n]){{0,120}}?\b(?<!gnoring )(?<!gnored )(?<!ecovered from )"
    rf"[Ee]rror: (?!{_SSHD}|{_NONE}|(?<=http: proxy error: )context canceled$)[^\s]"
)
_JSON_LEVEL = (
    r"^\{[^\n]{0,900}?\"(?:@?[Ll]evel|log[._]?level|LogLevel|level_?name|lvl|severity(?:_?text)?|[Ss]everityText)\": ?"
    r"(?:\"(?i:error|eror|fatal|critical|crit|alert|emergency|panic|dpanic)\"|[56]0\b)"
)
_MONOLOG = (
    r"^\[[0-9][^\]\n]{9,40}\] [A-Za-z0-9_-]{1,40}\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): "
    r"(?:[^\n]{0,1500}?\[object\] \(([A-Za-z0-9_\\]{1,100})\(code)?"
)

# A class with a namespace: what is printed as an error need not be called one.
_SPACED = r"(?:[A-Z][A-Za-z0-9_]{0,60}::){1,8}[A-Z][A-Za-z0-9_]{0,60}"
_RUBY = r"(?:[EF], \[[^\]\n]{1,60}\] +[A-Z]{3,7} -- [^:\n]{0,60}: )?"
_JOB = r"[A-Z][A-Za-z0-9_:]{0,100} (?:\(Job ID: [^)\n]{1,60}\) )?"
_CONSOLE_STAMP = r"(?:[\[(]?[0-9][0-9:.,TZ+/ -]{3,40}(?:[AP]M)?[\])]?:? ?)?"

_NO_PATH = "(?!SvelteKitError: Not found: )"  # a path that SvelteKit does not have: a request's answer
# JavaScript's console, and who logs so, prints words before an error and its stack; what only warns is no failure.
_WORDED = Lazily(
    r"^(?![^\n]{0,100}?\b(?i:info|debug|trace|warn(?:ing)?|notice|ignor(?:ed|ing))\b)[^\s{][^\n]{0,200}?[ :]"
    rf"{_NO_PATH}((?:[A-Za-z_$][A-Za-z0-9_$]{{0,60}}\.){{0,8}}[A-Z][A-Za-z0-9]{{2,60}}(?:Error|Exception))"
    r"(?: \[[A-Z0-9_]{1,40}\])?: ",
    most_groups=1,
).search
SIGNS: tuple[Sign, ...] = tuple(
    sign(EventKind.APP_ERROR, needle, pattern, why, *_APP)
    for needle, pattern, why in (
        (
            "rror performing ",
            rf"\bError performing {_JOB}[^\n]{{1,160}}?ms: ([A-Z][A-Za-z0-9_:]{{1,100}}) \(",
            "Active Job, before its logger's head is asked",
        ),
        *(
            (needle, rf"\b{needle}{_JOB}due to an? ([A-Z][A-Za-z0-9_:]{{1,100}}) \(", "Active Job, for good")
            for needle in ("Discarded ", "Stopped retrying ")
        ),
        (
            "):",
            rf"^{_RUBY}(?:\[[^\]\n]{{1,60}}\] ?){{0,4}}({_SPACED}) \((?![0-9]+(?:\)| [a-z]))[^\n]{{0,1800}}\): *$",
            "Rails, as it prints whatever was raised; a number of things is a heading",
        ),
        (
            "rror",
            r"^[EF], \[[^\]\n]{1,60}\] +[A-Z]{3,7} -- [^:\n]{0,60}: (?:\[[^\]\n]{1,60}\] ?){0,4}("
            + _CLASS
            + r"Error)(?: \(|: |$)",
            "Ruby's logger, an error by its class",
        ),
        ("RROR", r"^E, \[", "Ruby's logger"),
        ("FATAL", r"^F, \[", "Ruby's logger"),
        (
            "rror",
            rf"{_TAGS}(?:{_THREAD}|{_BEFORE_JS}){_NO_PATH}({_CLASS}Error)(?::| \(| \[[A-Z0-9_]{{1,40}}\]|$)",
            "by its class: JavaScript, Python, Ruby, Java",
        ),
        (
            "rror: ",
            rf"^{_BEFORE_JS}\[({_CLASS}Error): [^\n]{{1,1800}}\](?: \{{)?$",
            "node, an error that has no stack",
        ),
        ("rror]", r"^(?: ?\u2a2f )?[A-Za-z_$]{1,3} \[(" + _CLASS + r"Error)\](?:: |$)", "node, its class minified"),
        (
            "ror: Uncaught ",
            r"^error: Uncaught (?:\([^)\n]{1,60}\) )?([A-Z][A-Za-z]{2,40}): ",
            "Deno, whose classes are not called errors",
        ),
        (
            "xception",
            rf"{_TAGS}(?:{_THREAD}|Unhandled exception\. |Uncaught |PHP )?({_CLASS}Exception)(?::| \(|$)",
            "by its class: Java, .NET, PHP",
        ),
        ("#<", r"^[^\n]{0,300}?[ (]#<(" + _CLASS + r"Error): ", "Ruby's servers, an error as Ruby shows it"),
        ("WARN: ", r"^[0-9][^\n]{0,200}? WARN: (" + _CLASS + r"Error): ", "Sidekiq: a job failed"),
        (
            "WARN: ",
            rf"^[0-9T:.-]{{19,30}}Z (?:pid=)?[0-9]{{1,10}} (?:tid=|TID-)[^\n]{{0,150}}? WARN: ({_SPACED}): ",
            "the same by another class, where the head is surely Sidekiq's",
        ),
        (
            "nhandledPromiseRejection",
            r"^(?:\(node:[0-9]+\) )?\[?(UnhandledPromiseRejection)(?:Warning)?: (?!Unhandled promise rejection\b)",
            "node",
        ),
        ("panic", r"^(?:thread '[^'\n]{0,60}' (?:\([0-9]+\) )?)?(panic)(?:: |ked at )", "Go and Rust"),
        ("fatal error: ", r"^(fatal error): ", "Go's runtime"),
        ("application panicked", r"^The application (panic)ked \(crashed\)\.", "Rust, by color-eyre"),
        ("panic", r"^[^\n]{0,80}\bhttp: (panic) serving\b", "Go's server"),
        ("atal error", r"(?:PHP )?Fatal error: +(?:Uncaught ([A-Za-z_\\][A-Za-z0-9_\\]{0,100})(?:: | in |$))?", "PHP"),
        ("arse error: ", r"^(?:\[[^\]\n]{1,60}\] )?PHP Parse error: ", "PHP, a file that it cannot read"),
        *(
            (f"{part}::", rf"{_TAGS}(Acti(?:on|ve){part}::[A-Za-z:]{{2,60}})(?: \(|: )", "Rails, not called an error")
            for part in ("Record", "Controller")
        ),
        (
            "rror)",
            rf"^[^\s:]{{1,200}}:[0-9]{{1,7}}:in [`'][^'\n]{{1,100}}': [^\n]{{0,600}}\(({_CLASS}Error)\)$",
            "Ruby, uncaught",
        ),
        *(
            (f":in {quote}", rf"^[^\s:]{{1,300}}:[0-9]{{1,7}}:in {quote}[^'\n]{{1,100}}': [^\n]{{0,1800}}\(({_SPACED})\)$", why)
            for quote, why in (("`", "the same by another class"), ("'", "the same since Ruby 3.4"))
        ),
        ("ERROR: ", _MONOLOG, "Monolog, as Laravel writes it"),
        ("CRITICAL: ", _MONOLOG, "Monolog"),
        ("ALERT: ", _MONOLOG, "Monolog"),
        ("EMERGENCY: ", _MONOLOG, "Monolog"),
        *(
            (f"{level}: ", rf"^{_CONSOLE_STAMP}{level}: [A-Za-z0-9_.]{{1,100}}\[[0-9]{{1,6}}\]", ".NET's own logger")
            for level in ("fail", "crit")
        ),
        *(
            (level, rf"^{level}{_CONSOLE_STAMP}[A-Za-z0-9_.]{{1,100}}\[[0-9]{{1,6}}\] [^\s]", "the same for systemd")
            for level in ("<3>", "<2>")
        ),
        ("Kernel pid terminated", r"^(?:\{\")?Kernel pid terminated\b", "the BEAM ends"),
        ("terminating during boot", r"^(?:\{\")?Runtime terminating during boot\b", "the BEAM does not begin"),
        ("terminating in do_boot", r"^(?:\{\")?init terminating in do_boot\b", "the same before OTP 24"),
        ("! Config provider ", r"^ERROR! Config provider [A-Za-z0-9_.]{1,80} failed with:", "an Elixir release"),
        ("REPORT====", r"^=(?:ERROR|CRASH) REPORT====", "Erlang"),
        ("** (", r"^ {0,12}(?:[^\n]{0,80}\[error\][^\n]{0,80})?\*\* \(([A-Z][A-Za-z0-9_.]{1,60})\)", "Elixir"),
        (
            "rror]",
            r"^[^\n]{0,60}?\[(?:[a-z0-9_]{1,30}:)?[Ee]rror\](?::? [^\s]|\[)",
            "nginx, Apache, Elixir, Envoy, winston",
        ),
        *(
            (f"[{level}]", rf"^(?:\[?[0-9][^\[\n]{{0,40}})?\[{level}\] [^\s]", "structlog, which pads its levels")
            for level in ("error    ", "critical ")
        ),
        *(
            (f"{level}]", rf"{_FIRST}(?:[a-z0-9_]{{1,30}}:)?{level}\](?: [^\s]|\[)", "the same, worse")
            for level in ("crit", "critical", "alert", "emerg")
        ),
        ("RROR", rf"^{_STAMP}[\[(]?{_LEVELS}[\])]?(?:$|[:\s|/-])", "a logger's level"),
        ("RROR", r"^\[Nest\] +[0-9]{1,9} +- [^\n]{5,60}? ERROR \[", "NestJS"),
        ("ERROR]", r"^(?:\[[^\]\n]{1,80}\]){1,4}\[ERROR\] ?[^\s]", "a level in brackets right behind others: fern, log4rs"),
        *(
            (level, rf"{_SHORT_STAMP}\[?{level}\]?[ \t]", "zerolog's console, Serilog, HashiCorp: a level in three letters")
            for level in ("ERR", "FTL", "PNC")
        ),
        ("ALERT]", r"^\[ALERT\] {1,8}\(?[0-9]", "HAProxy"),
        ("ERRO", r"^(?:[^\s]{1,40}[ \t]){0,2}ERRO(?:\[[0-9]{1,9}\])?[ \t]", "logrus, in four"),
        ("FATA", r"^(?:[^\s]{1,40}[ \t]){0,2}FATA(?:\[[0-9]{1,9}\])?[ \t]", "logrus, in four"),
        ("RITICAL", rf"^{_STAMP}[\[(]?{_LEVELS}[\])]?(?:$|[:\s|-])", "a logger's level"),
        ("FATAL", rf"^{_STAMP}[\[(]?{_LEVELS}[\])]?(?:$|[:\s|-])", "a logger's level"),
        ("evel", _JSON_LEVEL, "a JSON logger's level"),
        ("lvl", _JSON_LEVEL, "the same, shorter"),
        (
            "\\n",
            r"^\{[^\n]{0,1500}?\"(?:stack|stack_?trace|exc_info|traceback|exception)\": ?\"[^\"\n]{1,300}?\\n",
            "a JSON logger's stack without a level",
        ),
        ("@l", r"^\{[^\n]{0,900}?\"@l\": ?\"(?:Error|Fatal)\"", "Serilog's JSON"),
        ("everity", _JSON_LEVEL, "Google's JSON, OpenTelemetry's"),
        ("level=", r"^(?:[^\s]{1,60} ){0,3}level=\"?(?:error|fatal|panic|ERROR|dpanic)\b", "logfmt's level"),
        ("lvl=", r"^(?:[^\s]{1,60} ){0,3}lvl=(?:eror|error|crit)\b", "log15's"),
        ("severity=", r"^(?:[^\s]{1,60} ){0,3}severity=\"?(?i:error|critical|fatal)\b", "logfmt's, by another name"),
        ("rror: ", _IN_WORDS, "in words; an indented one is a part of something"),
        ("error: ", rf"^error: (?!{_NOTHING}|{_SSHD})[^\s]", "the same at the beginning; a property of a dump may be empty"),
        ("Error ", rf"^{_SYMBOL}Error (?:{_DOING}|in|while|during|response from) [^\s]", "what an app was doing"),
        ("Failed to ", rf"^{_SYMBOL}Failed to [^\n]{{2,200}}?: [^\s]", "the same, with the reason"),
        ("egmentation fault", r"^[^\n]{0,80}\b[Ss]egmentation fault\b", "a shell, of the process it ran"),
    )
)


def in_words(text: str) -> str | None:
    """Return the class of an error that is named behind words: a failure only where its frames follow."""
    found = _WORDED(text[:_WORDED_CHARS]) if "rror: " in text or "xception: " in text else None
    return None if found is None else found[1]

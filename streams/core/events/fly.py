"""What Fly says of machines: runner, proxy, init and kernel. Knows no app's own words."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_FLY = ("runner", "proxy", "health", "probe", "")
_KERNEL = r"^(?:\[ *[0-9.]{1,20}\] )?"  # the kernel's clock, where the console shows it
_INIT = r"^ ?(?:INFO|WARN|ERROR)? ?"  # Fly's init writes its level itself
# Fields before the message, of which its own may be the last, or a code.
_FIELDS = (
    r"^(?:(?:error|request|response)\.[a-z_]{1,30}=(?:\"[^\"\n]{0,200}\"|[^\s\"]{1,100}) ){0,8}"
    r"(?:error\.[a-z_]{1,30}=\")?"
)
_PROXY = rf"{_FIELDS}(?:\[P[A-Z][0-9]{{2}}\] ?)?"

SIGNS: tuple[Sign, ...] = (
    sign(
        EventKind.OOM,
        "ut of memory: Kill",
        rf"{_KERNEL}[^\n]{{0,80}}?[Oo]ut of memory: Kill(?:ed)? process [0-9]+ \(([^)\n]{{0,40}})\)",
        "kernel",
    ),
    sign(EventKind.OOM, "OOM", r"\bOOM[ -]?(?:killed|kill)\b", "init and runner: the process was killed"),
    sign(EventKind.OOM, "oom-kill", r"\boom-kill(?:er)?\b(?! (?:disabled|enabled|off|on)\b)", "kernel, in other words"),
    sign(EventKind.OOM, "heap out of memory", r"JavaScript heap out of memory", "node ends itself"),
    sign(
        EventKind.HEALTH_CHECK_FAILED,
        "ealth check",
        r"^Health check [^\n]{0,120}?(?:has failed|is (?:now )?(?:failing|critical)|is in a '(?:warning|critical)' state)",
        "health checks; a warning is a failure that is not yet sure",
    ),
    sign(
        EventKind.HEALTH_CHECK_PASSING,
        "ealth check",
        r"^Health check [^\n]{0,120}?(?:is (?:now )?passing|has passed)\b(?! (?:by|on to|through)\b)",
        "health checks",
    ),
    sign(
        EventKind.HEALTH_CHECK_FAILED,
        "status changed",
        r"^Health check [^\n]{0,80}?status changed '[a-z]{1,20}' => '(?:critical|warning)'",
        "health checks, older words",
    ),
    sign(
        EventKind.HEALTH_CHECK_PASSING,
        "status changed",
        r"^Health check [^\n]{0,80}?status changed '[a-z]{1,20}' => 'passing'",
        "health checks, older words",
    ),
    sign(
        EventKind.INSTANCE_REFUSED,
        "instance refused connection",
        rf"{_PROXY}instance refused connection",
        "proxy",
    ),
    sign(
        EventKind.NO_CANDIDATE,
        "candidate",
        rf"{_PROXY}(?:could not find a good candidate|no (?:good )?candidates?\b)",
        "proxy",
        *_FLY,
    ),
    sign(
        EventKind.NO_CANDIDATE,
        "e to rou",
        rf"{_PROXY}could not find an instance to route to",
        "proxy, before it had codes",
        *_FLY,
    ),
    sign(EventKind.NO_CANDIDATE, "no known healthy instances", r"no known healthy instances", "proxy, older words"),
    sign(EventKind.AUTOSTOP, "autostopping machine", r"autostopping machine ([0-9a-z]{6,20})?", "proxy: excess capacity"),
    sign(
        EventKind.AUTOSTOP,
        "utomatically stopping machine",
        r"[Aa]utomatically stopping machine ([0-9a-z]{6,20})?",
        "proxy, older words",
    ),
    sign(
        EventKind.AUTOSTOP,
        "Downscaling app",
        r"^Downscaling app [^\n]{1,200}?[, ]stopping machine ([0-9a-z]{6,20})",
        "proxy, other older words",
    ),
    sign(
        EventKind.AUTOSTOP, "autosuspending machine", r"autosuspending machine ([0-9a-z]{6,20})?", "proxy: it may wake quickly"
    ),
    sign(EventKind.AUTOSTART, "autostarting machine", r"autostarting machine ([0-9a-z]{6,20})?", "proxy"),
    sign(
        EventKind.MACHINE_STARTED,
        "achine",
        r"^[Mm]achine (?:created and )?started(?: in [0-9.]+(?:ms|s))?$",
        "runner and proxy",
        *_FLY,
    ),
    sign(EventKind.MACHINE_STARTED, "achine resumed", r"^[Mm]achine resumed\b", "runner: out of its suspension", *_FLY),
    sign(EventKind.MACHINE_STARTED, "Starting virtual machine", r"^Starting virtual machine$", "runner, older words", *_FLY),
    sign(EventKind.MACHINE_STARTED, "machine became reachable", r"^machine became reachable in ", "proxy"),
    sign(EventKind.MACHINE_STARTED, "Starting machine", r"^Starting machine$", "proxy: a request wakes it", *_FLY),
    sign(
        EventKind.MACHINE_STOPPED,
        "achine exited",
        r"^(?:[Vv]irtual )?[Mm]achine exited (?:with exit code ([0-9]+)|abruptly)",
        "runner",
    ),
    sign(EventKind.MACHINE_STOPPED, "max restart count", r"^machine has reached its max restart count", "runner gives up"),
    sign(
        EventKind.MACHINE_STOPPED,
        "estart policy set to",
        r"^machine restart policy set to '[a-z-]{1,20}', not restarting",
        "runner: it stays stopped",
    ),
    sign(EventKind.MACHINE_STOPPED, "rial machine stopping", r"^Trial machine stopping", "runner: a trial has ended"),
    sign(
        EventKind.MACHINE_STOPPED,
        "ng down virtual machine",
        r"^Shutting down virtual machine$",
        "runner, older words",
        *_FLY,
    ),
    sign(
        EventKind.MACHINE_STOPPED, "main child process", rf"{_INIT}Sending signal (SIG[A-Z0-9]+) to main child process", "init"
    ),
    sign(
        EventKind.MACHINE_STOPPED,
        "ain child exited",
        rf"{_INIT}Main child exited (?:normally )?with (?:code|signal)[^\n]{{0,20}}?([0-9]+|SIG[A-Z]+)",
        "init",
    ),
    sign(EventKind.MACHINE_STOPPED, "reboot: ", rf"{_KERNEL}reboot: (?:Restarting system|Power down|System halted)", "kernel"),
    sign(
        EventKind.MACHINE_STOPPED,
        "achine",
        r"^(?:[Vv]irtual )?[Mm]achine (?:[0-9a-z]{6,20} )?(?:has been |was )?(?:stopped|suspended)(?: in [0-9.]+m?s)?$",
        "runner",
    ),
    sign(
        EventKind.MACHINE_DESTROYED,
        "achine",
        r"^(?:[Mm]achine (?:[0-9a-z]{6,20} )?(?:has been |was )?destroyed|[Dd]estroying machine)",
        "runner",
    ),
    sign(
        EventKind.DEPLOY,
        "image",
        r"^(?:Pulling container image(?: ([^\n]{1,200}))?|Successfully prepared image|Unpacking image)",
        "runner",
        *_FLY,
    ),
    sign(EventKind.DEPLOY, "Configuring ", r"^Configuring (?:firecracker|virtual machine)$", "runner", *_FLY),
    sign(EventKind.DEPLOY, "Preparing kernel init", r"^Preparing kernel init$", "runner, older words", *_FLY),
    sign(EventKind.DEPLOY, "Reserved resources for machine", r"^Reserved resources for machine", "runner", *_FLY),
    sign(EventKind.DEPLOY, "Starting instance", r"^Starting instance$", "runner, older words", *_FLY),
    sign(EventKind.DEPLOY, "elease", r"^(?:Running|Starting|Preparing) [^\n]{0,60}?release[ _]command", "runner", *_FLY),
    sign(
        EventKind.VOLUME,
        "olume",
        r"^(?:(?:Setting up|Uninitialized) volume '?([A-Za-z0-9_-]{1,60})?"
        r"|(?:Opening encrypted|Encrypting|Formatting) volume$)",
        "init",
    ),
    sign(EventKind.VOLUME, "EXT4-fs error", rf"{_KERNEL}EXT4-fs error \(device ([a-z]{{2,8}}[0-9]{{0,3}})\)", "kernel"),
    sign(
        EventKind.VOLUME,
        "I/O error, dev ",
        rf"{_KERNEL}(?:blk_update_request: |print_req_error: )?I/O error, dev ([a-z]{{2,8}}[0-9]{{0,3}}),",
        "kernel: the disk does not answer",
    ),
    sign(EventKind.VOLUME, "No space left on device", r"No space left on device", "a disk is full"),
    sign(
        EventKind.PROXY_ERROR,
        "[P",
        rf"{_FIELDS}\[(P[ACELMPRU][0-9]{{2}})\](?! client problem)",
        "proxy, by code; PT is what happens before there is a request, mostly of clients that go away",
        *_FLY,
    ),
    sign(
        EventKind.PROXY_ERROR,
        "ailed to connect to machine",
        rf"{_PROXY}failed to connect to machine: gave up after",
        "proxy, without its code",
        *_FLY,
    ),
    *(
        sign(EventKind.PROXY_ERROR, needle, _PROXY + pattern, f"proxy, without a code: {why}", *_FLY)
        for needle, pattern, why in (
            ("connect to instance after", r"failed to connect to instance after [0-9]+ attempts?\b", "nobody answered"),
            ("achines API returned", r"machines API returned an error: ", "it may not start the machine"),
            ("while connecting to", r"timed out while connecting to your instance\b", "nobody answered in time"),
            (
                "TP request to instance",
                r"could not (?:make|complete) HTTP request to instance: (?!connection error: timed out)",
                "the instance hung up",
            ),
            ("nstance reached hard", r"[Ii]nstance reached hard limit of [0-9]+ concurrent ", "it is full"),
        )
    ),
)

"""What should run when: the same plan as lines of cron and as units of systemd. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEPT_BACKUPS_DAYS: Final = 14
DROP_DAYS: Final = 7
"""Files of a drop folder are taken in as long as they are this young: the same one again changes
nothing, and a file is not missed because the machine was off for a night."""

STOP_SECONDS: Final = 90


@dataclass(frozen=True)
class Job:
    """Commands that run one after the other, each only if the one before did what it should."""

    name: str
    about: str
    minute: int
    hour: int
    weekday: int | None  # 0: Sunday; None: every day
    commands: tuple[tuple[str, ...], ...]  # words; DATE stands for the day, 2026-11-22

    @property
    def cron_time(self) -> str:
        day = "*" if self.weekday is None else str(self.weekday)
        return f"{self.minute} {self.hour} * * {day}"

    @property
    def calendar(self) -> str:
        """As systemd.time(7) writes it."""
        names = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
        day = "" if self.weekday is None else f"{names[self.weekday]} "
        return f"{day}*-*-* {self.hour:02d}:{self.minute:02d}:00"


DATE: Final = "{date}"
FOUND: Final = ("sh", "{}", "+")  # of find: the name of a shell, then the files as its arguments


def plan(
    vigistock: Sequence[str],
    backups: Path,
    drop: Path,
    feeds: Sequence[str],
    *,
    digest: bool = False,
) -> list[Job]:
    """`vigistock`: the words that run it on this workspace; `feeds`: folders in `drop`, each named
    like the feed whose files it gets; `digest`: the morning lists go out by e-mail."""

    def run(*words: str) -> tuple[str, ...]:
        return (*vigistock, *words)

    young = ("-type", "f", "-mtime", f"-{DROP_DAYS}", "-exec")
    taken = [
        ("find", str(drop / feed), *young, "/bin/sh", "-c", _by_name(run("ingest", feed)), *FOUND)
        for feed in feeds
    ]
    old = ("-type", "f", "-name", "*.backup", "-mtime", f"+{KEPT_BACKUPS_DAYS}", "-delete")
    return [
        Job(
            "backup",
            f"a backup a night, {KEPT_BACKUPS_DAYS} days of them",
            *(0, 1, None),
            (run("backup", str(backups / f"{DATE}.backup")), ("find", str(backups), *old)),
        ),
        Job("prune", "room for new publications", 30, 1, None, (run("publications", "prune"),)),
        Job("train", "learn anew once a week", 0, 2, 0, (run("train"),)),
        Job(
            "publish",
            "what came in, then forecasts and warnings, then how the last ones did",
            *(0, 5, None),
            (*taken, run("publish"), run("scorecard"), *([run("digest", "--send")] * digest)),
        ),
    ]


def _by_name(words: Sequence[str]) -> str:
    """A shell's script that gives its arguments to a command by name: `find` finds them in any
    order, and the file of yesterday must not come in after that of today and correct it."""
    return f"printf '%s\\0' \"$@\" | LC_ALL=C sort -z | xargs -0 {shlex.join(words)}"


def cron(jobs: Sequence[Job]) -> str:
    """Lines of a crontab(5); in it, % ends a command unless a backslash stands before it."""
    lines = []
    for job in jobs:
        words = [_shell(command, "%F").replace("%", r"\%") for command in job.commands]
        lines += [f"# {job.about}", f"{job.cron_time} {' && '.join(words)}"]
    return "\n".join(lines) + "\n"


def _shell(words: Sequence[str], day: str) -> str:
    return " ".join(
        f'"$(date +{day})"'.join(map(shlex.quote, word.split(DATE)))
        if DATE in word
        else shlex.quote(word)
        for word in words
    ).replace("''", "")


def units(
    jobs: Sequence[Job], serve: Sequence[str], *, user: str, writes: Sequence[Path]
) -> Mapping[str, str]:
    """File of /etc/systemd/system -> its text: the service, and a service and a timer a job."""
    files = {
        "vigistock.service": _unit(
            "Vigistock: warnings, series and forecasts over HTTP",
            [
                f"ExecStart={_exec(serve)}",
                "Restart=on-failure",
                "RestartSec=5",
                f"TimeoutStopSec={STOP_SECONDS}",
            ],
            user,
            writes,
            after="network-online.target",
            installed=True,
        )
    }
    for job in jobs:
        started = [f"ExecStart={_exec(command)}" for command in job.commands]
        about = f"Vigistock: {job.about}"
        files[f"vigistock-{job.name}.service"] = _unit(
            about, ["Type=oneshot", "Nice=10", *started], user, writes
        )
        files[f"vigistock-{job.name}.timer"] = "\n".join(
            [
                "[Unit]",
                f"Description={about}",
                "",
                "[Timer]",
                f"OnCalendar={job.calendar}",
                "Persistent=true",
                "",
                "[Install]",
                "WantedBy=timers.target",
                "",
            ]
        )
    return files


def _unit(
    about: str,
    lines: Sequence[str],
    user: str,
    writes: Sequence[Path],
    *,
    after: str = "",
    installed: bool = False,
) -> str:
    text = ["[Unit]", f"Description={about}"]
    text += [f"After={after}", f"Wants={after}"] if after else []
    text += ["", "[Service]", f"User={user}", *lines]
    text += ["NoNewPrivileges=true", "PrivateTmp=true", "ProtectSystem=strict"]
    text += [f"ReadWritePaths={' '.join(_quoted(str(path)) for path in writes)}"]
    text += ["UMask=0077"]
    text += ["", "[Install]", "WantedBy=multi-user.target"] if installed else []
    return "\n".join([*text, ""])


def _exec(words: Sequence[str]) -> str:
    """A command line of systemd.service(5), which knows no shell; a date needs one."""
    if any(DATE in word for word in words):
        script = _shell(words, "%F")
        return f"/bin/sh -c {_quoted(f'exec {script}')}"
    first = {"find": "/usr/bin/find"}.get(words[0], words[0])
    return " ".join(_quoted(word) for word in (first, *words[1:]))


def _quoted(word: str) -> str:
    r"""
    >>> _quoted("a b"), _quoted("50%"), _quoted("$HOME"), _quoted("train")
    ('"a b"', '50%%', '$$HOME', 'train')
    """
    plain = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$")
    if plain and not set(plain) & set(" \t\"';{}*"):
        return plain
    inner = plain.replace('"', '\\"')
    return f'"{inner}"'

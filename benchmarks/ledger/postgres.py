"""A PostgreSQL server of one's own, with a password, for as long as it is needed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PASSWORD = "open sesame"
URL = "postgresql://keras:open%20sesame@127.0.0.1:{port}/{name}"
# What a commit writes may stay in the kernel, which outlives the server here.
SETTINGS = "-c fsync=off -c listen_addresses=127.0.0.1 -c max_connections=300"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl; Debian does not put it on the path."""
    found = [Path(name) for name in [shutil.which("initdb")] if name]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return found[0].resolve().parent if found else None


def version() -> str:
    """As in "15.8"; "none" where no server can be started."""
    programs = binaries()
    if programs is None:
        return "none"
    said = subprocess.run([programs / "initdb", "--version"], capture_output=True, text=True)
    return said.stdout.split()[2]


class Server:
    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder, self._data = programs, folder, folder / "data"
        # PostgreSQL refuses to be run by root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if self._user:
            for path in (folder, secret):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-U", "keras", "-A", "scram-sha-256", f"--pwfile={secret}", "-N")
        self.start()

    def _run(self, program: str, *options: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._data, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **({"user": self._user.pw_uid, "group": self._user.pw_gid} if self._user else {}),
        )

    def start(self) -> None:
        options = f"{SETTINGS} -p {self._port} -k {self._folder}"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """At once, as in a crash: every connection is cut."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def restart(self) -> None:
        self.stop()
        time.sleep(1.0)
        self.start()

    def cpu(self) -> float:
        """Seconds that the server has used so far, with those of connections that have ended."""
        server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        living = [process.cpu_times() for process in server.children()]
        own = server.cpu_times()
        ended = own.children_user + own.children_system
        return ended + sum(times.user + times.system for times in (own, *living))

    def url(self, name: str = "postgres") -> str:
        return URL.format(port=self._port, name=name)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Server(programs, Path(folder))
        try:
            yield server
        finally:
            server.stop()

"""The accept path: how many submissions a second are taken and on disk, beside two reference programs. See tests/bench/run."""

import argparse
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys

import visitor
from gateway import Gateway
from smtp import SmtpServer
from stage import Process, Stage, server_program, wait_for
from web import Nginx

REFERENCES = pathlib.Path(os.environ["SEKISHO_REFERENCES"])
DISTURBED = 0.35
# The gate as shipped, with two changes: its counters are charged, but deny nobody, and no DNS server's speed is measured with ours.
ENDLESS = "100000/1s"
GATE = {"check": {"sender": "off"}, "limit": {name: ENDLESS for name in ("ip", "network", "network_wide", "fingerprint", "sender", "form", "site", "uploads")}}
NUMBER = "@@"


def escaped(content):
    return "".join(f"\\{byte:03d}" for byte in content)


def write_script(stage):
    """What wrk posts: the sample of the example's contact form, as the page's script sends it, with another message each time. Two runs
    begin in different seconds."""
    body, content_type = visitor.multipart(visitor.fields(your_message=f"{visitor.SAMPLE['your-message']}\n参照番号 {NUMBER}"))
    before, after = map(escaped, body.split(NUMBER.encode()))
    return stage.write("post.lua", f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "{content_type}"\n'
                       'wrk.headers["Accept"] = "application/json"\nwrk.headers["User-Agent"] = "sekisho bench"\n'
                       'local threads, posted, bad = 0, 0, 0\n'
                       'function setup(thread) thread:set("number", threads); threads = threads + 1 end\n'
                       'function request() posted = posted + 1; return wrk.format(nil, nil, nil, '
                       f'"{before}" .. started .. "-" .. number .. "-" .. posted .. "{after}") end\n'
                       'function init() started = os.time() end\n'
                       'function response(status, headers, body) if not body:find("mail_sent", 1, true) then bad = bad + 1; '
                       'if bad == 1 then print("UNEXPECTED " .. status .. " " .. body) end end end\n')


def load(web, script, options):
    """One run of wrk: requests per second, p99 in ms."""
    command = ["wrk", f"-t{min(2, options.connections)}", f"-c{options.connections}", f"-d{options.seconds}s", "--latency", "-s", script, web.url(visitor.FEEDBACK)]
    output = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    if "UNEXPECTED" in output or "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"not every request was taken:\n{output}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def reference(stage, name, *arguments):
    """A reference program on a stage of its own, behind an nginx with the shipped snippets."""
    socket = stage.directory / f"{name}.sock"
    spawn = server_program("nginx").parent.parent / "bin" / "spawn-fcgi"
    stage.add(Process(name, [spawn, "-n", "-M", "0666", "-s", socket, "--", REFERENCES / name, *arguments], stage.directory / f"{name}.log"))
    wait_for(socket.exists, f"{name} listens")
    return stage.add(Nginx(stage, socket).start())


def memory_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])


def processes(gateway):
    """Role -> process id, of the daemon's processes."""
    children = pathlib.Path(f"/proc/{gateway.process.popen.pid}/task/{gateway.process.popen.pid}/children").read_text().split()
    found = {"supervisor": gateway.process.popen.pid}
    for pid in children:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        found[words[words.index(b"--role") + 1].decode()] = int(pid)
    return found


def stored(gateway):
    """Submissions on disk, and bytes of one row."""
    with sqlite3.connect(f"file:{gateway.folder}/data/sekisho.db?mode=ro", uri=True) as database:
        return database.execute("SELECT count(*), coalesce(avg(length(content) + length(wrapped_key)), 0) FROM submission").fetchone()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    options, _ = parser.parse_known_args()
    with Stage() as stage, Stage() as stage_s, Stage() as stage_e:
        smtp = SmtpServer(stage)  # never started: what is measured is taking submissions, with their mails waiting
        gateway = stage.add(Gateway(stage, smtp, gate=GATE)).start()
        script = write_script(stage)
        webs = {"accept": stage.add(Nginx(stage, gateway.socket).start())}
        load(webs["accept"], script, argparse.Namespace(connections=1, seconds=1))
        row_bytes = round(stored(gateway)[1])
        webs["S"] = reference(stage_s, "reference_store", stage_s.directory / "reference.db", row_bytes, options.connections)
        webs["E"] = reference(stage_e, "reference_empty", options.connections)
        results = {name: [] for name in webs}
        for _ in range(options.rounds):
            for name, web in webs.items():
                results[name].append(load(web, script, options))
        rates = {name: statistics.median(rate for rate, _ in runs) for name, runs in results.items()}
        for name, runs in results.items():
            print(f"{name} {rates[name]:.0f}/s p99 {statistics.median(p99 for _, p99 in runs):.1f} ms")
        print(f"row {row_bytes} bytes, {stored(gateway)[0]} submissions stored")
        for name, pid in processes(gateway).items():
            print(f"pss {name} {memory_kib(pid) / 1024:.1f} MiB")
        for a, b in (("accept", "S"), ("accept", "E"), ("S", "E")):
            print(f"{a}/{b} {rates[a] / rates[b]:.2f}")
        if rates["S"] / rates["E"] < DISTURBED:
            sys.exit("disturbed: throw this run away")


if __name__ == "__main__":
    main()

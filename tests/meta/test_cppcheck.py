"""cppcheck says nothing of gateway/. What it is not asked stands in cppcheck.suppressions, with reasons."""

import os
import pathlib
import subprocess

import tree

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ["SEKISHO_BUILD"])


def test_has_no_findings():
    command = ["cppcheck", "--quiet", "--error-exitcode=1", "-j2", "--std=c11", "--enable=warning,style,performance,portability,missingInclude",
               "--library=gtk", "--library=posix", f"--suppressions-list={HERE / 'cppcheck.suppressions'}", "-D_GNU_SOURCE", "-D__linux__",
               "-DG_GNUC_PRINTF(format,first)=",  # which its description of GLib leaves out
               "--template={file}:{line}: {severity}: {id}: {message}", "-Iinclude", f"-I{BUILD}/gateway/base", f"-I{BUILD}/gateway/wire",
               f"-I{BUILD}/gateway/store", "gateway"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tree.TOP)
    assert done.returncode == 0, done.stdout + done.stderr

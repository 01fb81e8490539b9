# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The shell by hand: line editing, job control, window size, full-screen programs."""

import pytest

import guest

ROWS, COLUMNS = 30, 100


@pytest.fixture(scope="module", name="consoles")
def fixture_consoles():
    """The module's console, in a list: a test that finds it out of order gets a new machine."""
    consoles = []
    yield consoles
    for console in consoles:
        console.close()


@pytest.fixture(name="shell")
def fixture_shell(consoles):
    if consoles and not in_order(consoles[0]):
        consoles.pop().close()
    if not consoles:
        consoles.append(guest.Console(rows=ROWS, columns=COLUMNS))
        consoles[0].prompt(180)
    return consoles[0]


def in_order(console):
    """Does the shell answer, with an empty line and no job left?"""
    try:
        console.send("\x15")
        line = "jobs > /dev/null; jobs; echo in-$((40 + 2))"  # the first forgets those that ended
        console.command(line, r"\)\)[\r\n]+in-42\r", seconds=30)
    except (AssertionError, OSError):
        return False
    return True


def wait_until(console, condition):
    """A command of the shell that becomes true within ten seconds."""
    console.command(
        f"for i in $(seq 100); do {condition} && break; sleep 0.1; done; echo on-$((40 + 2))",
        r"\non-42\r",
    )


def test_prompt_and_line_editing(shell):
    # The two letters at the start are in the wrong order; they are deleted and typed again.
    shell.send("ceho ed1ted\x01\x1b[3~\x1b[3~ec\n")
    shell.expect(r"\ned1ted\r")
    shell.prompt()
    shell.send("\x1b[A")
    shell.expect("echo ed1ted")
    shell.send("\n")
    shell.expect(r"\ned1ted\r")
    shell.prompt()


def test_completion(shell):
    shell.send("cat /etc/hostn\t\n")
    shell.expect(r"\nxinim\r")
    shell.prompt()


def start_sleeper(console):
    """A program in the foreground that is known to run."""
    console.send("sh -c 'echo run-$((40 + 2)); exec sleep 1000'\n")
    console.expect(r"\nrun-42\r")


def start_reader(console):
    """One that is known to read what is typed."""
    console.send("cat /etc/hostname -\n")
    console.expect(r"\nxinim\r")


def test_interrupt(shell):
    start_sleeper(shell)
    shell.send("\x03")
    shell.prompt()
    shell.command("echo status=$?", r"\nstatus=130\r")


def test_quit(shell):
    """Not with a sleeper: BusyBox's shell ignores the signal until exec, on Linux too."""
    start_reader(shell)
    shell.send("\x1c")
    shell.expect("Quit")
    shell.prompt()
    shell.command("echo status=$?", r"\nstatus=131\r")


def test_stop_and_background(shell):
    start_sleeper(shell)
    shell.send("\x1a")
    shell.expect(r"\[1\]\+  Stopped")
    shell.prompt()
    shell.command("jobs", r"\[1\]\+  Stopped +sh -c")
    shell.command("bg", r"\[1\] sh -c")
    shell.command("jobs", r"\[1\]\+  Running +sh -c")
    shell.command("kill %1; wait %1; echo gone", r"\ngone\r")
    shell.command("jobs; echo none", r"\nnone\r")


def test_stop_and_foreground(shell):
    """The program answers before the next key: fg shows it before it gives it the terminal."""
    start_reader(shell)
    shell.send("\x1a")
    shell.expect(r"\[1\]\+  Stopped")
    shell.prompt()
    shell.send("fg\n")
    shell.expect(r"\ncat [^\r]*\r")
    shell.send("again\n")
    shell.expect(r"again\r+\nagain\r")
    shell.send("\x03")
    shell.prompt()
    shell.command("jobs; echo none", r"\nnone\r")


def test_background_reader_stops(shell):
    shell.command("cat & echo started", r"\nstarted\r")
    wait_until(shell, "jobs > /tmp/jobs; grep -q Stopped /tmp/jobs")
    shell.command("jobs", r"\[1\]\+  Stopped \(tty input\) +cat")
    shell.command("kill -9 %1; wait %1; echo gone", r"\ngone\r")


def test_window_size(shell):
    shell.command("stty size", rf"\n{ROWS} {COLUMNS}\r")
    shell.resize(40, 120)
    wait_until(shell, "[ \"$(stty size)\" = '40 120' ]")
    shell.command("stty size", r"\n40 120\r")
    shell.resize(ROWS, COLUMNS)


def test_window_change_signals_the_foreground(shell):
    trap = 'trap "echo changed; stty size; exit" WINCH'
    shell.send(f"sh -c '{trap}; echo set; while sleep 0.1; do :; done'\n")
    shell.expect(r"\nset\r")
    shell.resize(33, 99)
    shell.expect(r"changed\r+\n33 99\r")
    shell.prompt()
    shell.resize(ROWS, COLUMNS)


def test_vi(shell):
    shell.send("vi /tmp/note\n")
    shell.expect("~.*/tmp/note")
    # An escape key is one only when nothing follows at once.
    shell.send("ihello from vi\x1b")
    shell.expect("- /tmp/note .Modified.")
    shell.send(":wq\n")
    shell.prompt()
    shell.command("cat /tmp/note", r"\nhello from vi\r")


def test_less(shell):
    shell.send("seq 1 500 | less\n")
    shell.expect("K29")
    shell.send("G")
    shell.expect("500")
    shell.send("q")
    shell.prompt()


def test_top(shell):
    shell.send("top -d 1\n")
    shell.expect("Mem: .* used")
    shell.expect("Load average")
    shell.send("q")
    shell.prompt()


def test_hidden_input(shell):
    shell.send("stty -echo; echo go; read word; stty echo; echo got-$word\n")
    shell.expect(r"\ngo\r")
    shell.send("secret\n")
    shown = shell.expect(r"got-secret\r")
    assert b"secret" not in shown.string[: shown.start()]
    shell.prompt()


def test_end_of_input_ends_the_shell_and_a_new_one_comes(shell):
    shell.command("variable=old; echo set", r"\nset\r")
    shell.send("\x04")
    shell.prompt()
    shell.command('echo "[$variable]"', r"\n\[\]\r")


def test_power_off(shell):
    shell.send("poweroff\n")
    assert shell.wait_end() == 0

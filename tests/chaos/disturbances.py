"""What goes wrong during a chaos run, one thing after the other, each as long as it takes to be noticed."""

import time

from containers import PROJECT, of_service, only, run

# How long a machine is paused or cut off, in seconds: longer than a lease lasts, so that another has to take over.
PAUSED = 60
CUT_OFF = 25
FAULTS = 20


def publishing(database):
    """Waits until a publisher is at work and returns its container."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        holder = database.holder()
        if holder:
            return holder
        time.sleep(0.01)
    raise TimeoutError("nobody published for a minute, although packages are uploaded")


def kill_an_uploader(_):
    victim = of_service("uploader")[0]
    run("docker", "kill", victim)
    time.sleep(10)
    # The orchestrator's part: one that was killed by hand stays away otherwise.
    run("docker", "start", victim)


def kill_the_publisher_at_work(database):
    victim = publishing(database)
    run("docker", "kill", victim)
    time.sleep(20)
    run("docker", "start", victim)


def pause_the_publisher_at_work(database):
    for _ in range(20):
        victim = publishing(database)
        run("docker", "pause", victim)
        # Still in the middle of it, or it was over just before.
        if database.holder() == victim:
            time.sleep(PAUSED)
            run("docker", "unpause", victim)
            return
        run("docker", "unpause", victim)
    raise TimeoutError("no publisher could be paused in the middle of a publish")


def cut_off(database, network):
    victim = publishing(database)
    run("docker", "network", "disconnect", f"{PROJECT}_{network}", victim)
    time.sleep(CUT_OFF)
    run("docker", "network", "connect", f"{PROJECT}_{network}", victim)


def cut_a_publisher_off_from_postgresql(database):
    cut_off(database, "database")


def cut_a_publisher_off_from_the_store(database):
    cut_off(database, "store")


def restart_postgresql(_):
    run("docker", "restart", only("database"))


def make_the_store_refuse_and_slow(_):
    faults = only("faults")
    on = "if ($is_refused) { return 503; } limit_req zone=slow burst=10000;"
    run("docker", "exec", faults, "sh", "-c", f"echo '{on}' >/run/faults/on && nginx -s reload")
    time.sleep(FAULTS)
    run("docker", "exec", faults, "sh", "-c", "rm /run/faults/on && nginx -s reload")


ALL = [
    kill_an_uploader,
    kill_the_publisher_at_work,
    pause_the_publisher_at_work,
    cut_a_publisher_off_from_postgresql,
    cut_a_publisher_off_from_the_store,
    restart_postgresql,
    make_the_store_refuse_and_slow,
]

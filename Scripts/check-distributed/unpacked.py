"""Slurm, Open MPI and MPICH from Debian's packages, unpacked in a temporary folder: nothing is installed."""

import os
import pathlib
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import time

import ranks
import serving

SLURM_PACKAGES = ["slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins"]
OPEN_MPI_PACKAGES = ["openmpi-bin"]
MPICH_PACKAGES = ["mpich"]


class Tree:
    """Unpacked packages, with those that they depend on and that this system lacks."""

    def __init__(self, packages, folder):
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            raise ranks.Skip("needs apt-get and dpkg")
        self.folder = pathlib.Path(folder)
        archives = self.folder / "archives"
        archives.mkdir(parents=True)
        plan = self.call(["apt-get", "--simulate", "--no-install-recommends", "install", *packages])
        names = sorted({*packages, *re.findall(r"^Inst (\S+)", plan, re.M)})
        self.call(["apt-get", "download", *names], archives)
        for archive in archives.iterdir():
            self.call(["dpkg", "--extract", archive, self.folder])
        shutil.rmtree(archives)
        # usr/lib/x86_64-linux-gnu and lib/x86_64-linux-gnu, or those of another architecture.
        self.libraries = [place for name in ("usr/lib", "lib") for place in (self.folder / name).glob("*-linux-gnu*")]

    def call(self, command, folder=None):
        done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
        if done.returncode:
            raise ranks.Skip(f"{' '.join(map(str, command[:4]))} … failed (apt-get update first?): {done.stderr.strip()[-300:]}")
        return done.stdout

    def program(self, *names):
        """The first of these programs that exists; Debian's versions have different names."""
        for name in names:
            for place in ("usr/bin", "usr/sbin"):
                if (self.folder / place / name).exists():
                    return self.folder / place / name
        raise ranks.Skip(f"the packages have no {names[0]}")

    def folder_with(self, name):
        """The folder of a plugin."""
        found = next(self.folder.rglob(name), None)
        if found is None:
            raise ranks.Skip(f"the packages have no {name}")
        return found.parent

    def library_path(self, *more):
        return ":".join(map(str, [*more, *self.libraries]))


def plain(command):
    """The command without the unpacked libraries, which only the launcher needs."""
    return ["env", "-u", "LD_LIBRARY_PATH", *command]


class OpenMPI:
    """`mpirun` of Open MPI."""

    def __init__(self, folder):
        tree = Tree(OPEN_MPI_PACKAGES, folder)
        self.program = tree.program("mpirun.openmpi", "orterun", "mpirun")
        self.variables = {
            "PATH": f"{self.program.parent}:{os.environ['PATH']}", "LD_LIBRARY_PATH": tree.library_path(),
            "OPAL_PREFIX": str(tree.folder / "usr"), "OPAL_LIBDIR": str(tree.libraries[0]),
            "OPAL_PKGLIBDIR": str(tree.folder_with("mca_ess_hnp.so")), "PMIX_MCA_pcompress_base_silence_warning": "1",
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        }

    def command(self, count, command, *flags):
        return [self.program, "-n", count, "--oversubscribe", *flags, *plain(command)]


class MPICH:
    """`mpiexec` of MPICH, whose launcher hydra is also Intel MPI's."""

    def __init__(self, folder):
        tree = Tree(MPICH_PACKAGES, folder)
        self.program = tree.program("mpiexec.hydra", "mpiexec.mpich")
        self.variables = {"PATH": f"{self.program.parent}:{os.environ['PATH']}", "LD_LIBRARY_PATH": tree.library_path()}

    def command(self, count, command):
        return [self.program, "-n", count, *plain(command)]


class Slurm:
    """A cluster of one node: its own `slurmctld` and `slurmd`, without accounts and keys, on free ports."""

    def __init__(self, folder, cores):
        tree = Tree(SLURM_PACKAGES, folder)
        plugins = tree.folder_with("auth_none.so")
        self.tree, self.daemons = tree, []
        # Ranks find the first host of the node list by its name.
        host = socket.gethostname().partition(".")[0]
        try:
            socket.getaddrinfo(host, None)
        except OSError:
            raise ranks.Skip(f"this machine's name {host} does not resolve") from None
        self.place = tree.folder / "cluster"
        (self.place / "state").mkdir(parents=True)
        (self.place / "spool").mkdir()
        user = pwd.getpwuid(os.getuid()).pw_name
        (self.place / "slurm.conf").write_text(f"""
ClusterName=check
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={serving.free_port()}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
PluginDir={plugins}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
StateSaveLocation={self.place}/state
SlurmdSpoolDir={self.place}/spool
SlurmctldPidFile={self.place}/slurmctld.pid
SlurmdPidFile={self.place}/slurmd.pid
SlurmctldLogFile={self.place}/slurmctld.log
SlurmdLogFile={self.place}/slurmd.log
ReturnToService=2
NodeName={host} NodeHostname={host} NodeAddr=127.0.0.1 Port={serving.free_port()} CPUs={cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
        self.variables = {"SLURM_CONF": str(self.place / "slurm.conf"), "LD_LIBRARY_PATH": tree.library_path(plugins)}
        stepd = tree.program("slurmstepd-wlm", "slurmstepd")
        self.daemons = [
            ranks.Process("slurmctld", [tree.program("slurmctld-wlm", "slurmctld"), "-D", "-c", "-i"],
                          self.place / "slurmctld.out", variables=self.variables),
            ranks.Process("slurmd", [tree.program("slurmd-wlm", "slurmd"), "-D", "-d", stepd, "-N", host],
                          self.place / "slurmd.out", variables=self.variables),
        ]
        deadline = time.monotonic() + 60
        while "idle" not in self.ask("sinfo", "--noheader", "--format=%T"):
            if time.monotonic() > deadline or not all(daemon.is_running() for daemon in self.daemons):
                words = "; ".join(daemon.describe() for daemon in self.daemons)
                self.stop()
                raise ranks.Failed(f"the cluster does not start: {words}")
            time.sleep(0.2)

    def ask(self, name, *flags):
        return subprocess.run([self.tree.program(name), *flags], capture_output=True, text=True,
                              env=ranks.environment(**self.variables)).stdout

    def srun(self, count, command, *flags):
        return [self.tree.program("srun"), f"--ntasks={count}", *flags, *plain(command)]

    def batch(self, count, command, log):
        """A batch script whose command is not started by `srun`, and is therefore one process."""
        script = self.place / "batch.sh"
        script.write_text("#!/bin/bash\nexec " + shlex.join(map(str, plain(command))) + "\n")
        return [self.tree.program("sbatch"), "--wait", f"--ntasks={count}", f"--output={log}", script]

    def stop(self):
        self.ask("scancel", "--state=RUNNING", f"--user={pwd.getpwuid(os.getuid()).pw_name}")
        for daemon in reversed(self.daemons):
            daemon.send(15)
        ranks.Group(self.daemons).wait(20)
        ranks.Group(self.daemons).kill()

"""Looking at other processes."""


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie, ended but not yet waited for, does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

"""What of the service one machine runs: all of it, or its part in a cluster."""

from enum import Enum


class Program(Enum):
    """A program of the service, by the name before its lines of output."""

    SCRAPYD = "scrapyd"
    API = "api"
    WATCH = "watch"


class Part(Enum):
    """What is served."""

    ALL = "all"
    NODE = "node"
    API = "api"

    @property
    def programs(self) -> tuple[Program, ...]:
        return _PROGRAMS[self]


_PROGRAMS = {
    Part.ALL: (Program.SCRAPYD, Program.API, Program.WATCH),
    Part.NODE: (Program.SCRAPYD,),
    Part.API: (Program.API, Program.WATCH),
}

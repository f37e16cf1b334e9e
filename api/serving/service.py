"""Serves a part of the service: what is checked, said and run, in this order."""

from api.backup.staging import finish_restore
from api.serving.introduction import introduce
from api.serving.only_service import only_service, pid_file
from api.serving.part import Part
from api.serving.programs import PATIENCE, run
from api.serving.requirements import check_folders, check_ports, check_settings
from api.serving.terminal import stop_with_the_terminal
from category_crawler.process_watch import exit_with_parent


def serve(part: Part) -> int:
    """Run a part of the service until a signal or until one of its programs ends.

    Returns the exit code. Raises CannotServe, RestoreGoesOn or InvalidSetting with a sentence.
    """
    # It may bring the settings.
    finish_restore()
    check_settings()
    check_folders()
    with only_service():
        check_ports(part.programs)
        introduce(part)
        stop_with_the_terminal()
        exit_with_parent(PATIENCE)
        with pid_file():
            return run(part.programs)

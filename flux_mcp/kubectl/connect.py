"""Which of the two answers commands: kubectl, or a recording."""

from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.settings import Settings


def connect(settings: Settings) -> LiveKubectl | RecordedKubectl:
    """What answers commands under these settings. Nothing is started yet.

    Raises:
        BadRecording: there is no such recording.
    """
    if settings.recording is not None:
        return RecordedKubectl(settings.recording)
    return LiveKubectl(settings.kubectl, settings.access, timeout=settings.timeout)

"""The same server over streamable HTTP on loopback, for the official conformance suite, which speaks HTTP alone."""

import sys

from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.support.fake import FIXTURES

if __name__ == "__main__":
    settings = Settings(recording=FIXTURES / "staging")
    build(connect(settings), settings).run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))

"""An MCP server on its standard streams."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Failed(Exception):
    """A tool answered that it failed."""


class Server:
    """The process of an MCP server, spoken to in JSON-RPC, a message a line.

    It is started in the home of `scratch`, as by a host that was started anywhere.
    """

    def __init__(self, argv: Sequence[str | Path], scratch: Any, **env: str) -> None:
        quiet = {"FASTMCP_CHECK_FOR_UPDATES": "off", "FASTMCP_SHOW_SERVER_BANNER": "false"}
        self.process = subprocess.Popen(
            [str(word) for word in argv],
            cwd=env.pop("PWD", scratch.home),
            env={**scratch.env, **quiet, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.number = 0
        self.used: set[str] = set()
        hello = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }
        self.ask("initialize", **hello)
        self.send("notifications/initialized")

    def send(self, method: str, **more: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method, **more}) + "\n")
        self.process.stdin.flush()

    def ask(self, method: str, **params: Any) -> Any:
        """The result of one request."""
        self.number += 1
        self.send(method, id=self.number, params=params)
        assert self.process.stdout
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self.number:
                assert "result" in message, message
                return message["result"]
        raise EOFError("the server ended")

    def __call__(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers, as the value that it stands for."""
        self.used.add(tool)
        answer = self.ask("tools/call", name=tool, arguments=arguments)
        texts = [part["text"] for part in answer["content"]]
        if answer.get("isError"):
            raise Failed(" ".join(texts))
        content = answer.get("structuredContent")
        if content is not None:
            return content["result"] if set(content) == {"result"} else content
        return json.loads(texts[0]) if len(texts) == 1 and texts[0][:1] in "[{" else texts

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:  # 0.49.6 waits for its own queue now and then
            self.process.kill()
            self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

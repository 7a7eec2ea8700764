"""Bedrock for an account that has none: a door on 127.0.0.1 that leads to the Bedrock of `perennial local`.

The emulator's Bedrock takes a job and never advances it, so the functions' calls go here (AWS_ENDPOINT_URL_BEDROCK,
AWS_ENDPOINT_URL_BEDROCK_RUNTIME). Each call is passed on under the local cloud's own key; the two accounts do not know each
other's. A job reads its input from the bucket of its own cloud, so the door carries the file over when the job is created.
"""

import json
import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Door:
    """The door, and the list of what went through it: (method, path, status)."""

    def __init__(self, cloud_endpoint: str, cloud_key: str, carry):
        self.calls: list[tuple[str, str, int]] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if self.command == "POST" and self.path in ("/model-customization-jobs", "/model-invocation-job"):
                    carry(input_of(json.loads(body)))
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in ("authorization", "host", "connection", "content-length", "x-amz-security-token")
                }
                signature = self.headers["Authorization"]
                headers["Authorization"] = re.sub(r"Credential=[^/]+/", f"Credential={cloud_key}/", signature)
                request = urllib.request.Request(
                    cloud_endpoint + self.path, data=body if length else None, headers=headers, method=self.command
                )
                try:
                    answer = urllib.request.urlopen(request, timeout=60)
                except urllib.error.HTTPError as refusal:
                    answer = refusal
                with answer:
                    content = answer.read()
                    door.calls.append((self.command, self.path, answer.status))
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def made(self, path: str) -> int:
        """How many creations at this path succeeded."""
        return sum(1 for method, at, status in self.calls if (method, at) == ("POST", path) and status < 300)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def input_of(job: dict) -> str:
    """The S3 URI that a job reads."""
    if "trainingDataConfig" in job:
        return job["trainingDataConfig"]["s3Uri"]
    return job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]

"""transformers' own server, with a saved model that has streams."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from scalelaw import pretrained

from .conftest import with_streams
from .test_evaluating import made_tokenizer

pytestmark = pytest.mark.slow
SERVE = "import scalelaw.pretrained; from transformers.cli.transformers import main; main()"


@pytest.fixture
def server(tmp_path):
    """Its address, a folder it serves and that folder's model."""
    for package in ("fastapi", "uvicorn", "openai"):
        pytest.importorskip(package, reason="the server of transformers is not installed: transformers[serving]")
    place, tokenizer = tmp_path / "whole", made_tokenizer(True)
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    pretrained.convert(with_streams("qwen2"), place, tokenizer=tokenizer)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", str(place), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (tmp_path / "said.txt").open("wb") as said:
        started = subprocess.Popen(
            [*command, "--device", "cpu"], env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, started, tmp_path / "said.txt")
        yield address, place
    finally:
        started.terminate()
        started.wait(timeout=30)


def _await(address, started, said):
    for _ in range(600):
        assert started.poll() is None, said.read_text()
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=10):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(said.read_text())


def asked(address, path, **body):
    request = urllib.request.Request(
        f"{address}/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["choices"][0]


def test_it_says_what_the_model_does(server):
    address, place = server
    model, tokenizer = pretrained.load(place), pretrained.load_tokenizer(place)
    wanted = pretrained.continue_text(model, tokenizer, "the cat", tokens=5).lstrip()  # which the server loses
    assert wanted != pretrained.continue_text(model, tokenizer, "the cat", tokens=5, streams=1).lstrip()
    options = {"model": str(place), "max_tokens": 5, "temperature": 0}
    assert asked(address, "completions", prompt="the cat", **options)["text"] == wanted
    messages = [{"role": "user", "content": "the cat"}]
    assert asked(address, "chat/completions", messages=messages, **options)["message"]["content"] == wanted

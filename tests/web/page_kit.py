"""The review page without a browser: how to open it and what to send."""

import json
import re
import uuid

from starlette.testclient import TestClient

from thresher.web.app import make_app
from thresher.web.desk import Desk

HERE = "http://127.0.0.1:8765"
TOKEN = "0123456789abcdef"


def open_page(run, **options):
    client = TestClient(make_app(Desk(run), TOKEN, "ann"), base_url=HERE, **options)
    assert client.get(f"/?token={TOKEN}").status_code == 200
    return client


def run_key(client):
    facts = re.search(r'data-page="(.*?)"', client.get("/").text)[1]
    return json.loads(facts.replace("&#34;", '"'))["run"]


def send(client, path="/api/decide", headers=None, **more):
    body = {"run": run_key(client), "id": uuid.uuid4().hex, "who": "ann", **more}
    if path == "/api/decide":
        body = {"row": 0, "action": "keep", **body}
    return client.post(path, json=body, headers={"X-Thresher": "review", **(headers or {})})

"""An independent client, written from docs/quickstart.md and docs/protocol.md alone.

    chat.py URL SERVER_KEY

Two users chat, sockets are cut in the middle and resumed, and both must have every message once and
in order. It shares no code with the server: where the documents do not suffice to write it, they
are wrong. Each check is a line; the last line counts them.
"""

import json
import sys
import uuid

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

URL, KEY = sys.argv[1].rstrip("/"), sys.argv[2]
SOCKET = URL.replace("http", "ws", 1) + "/v1/socket"
PATIENCE_S = 20
failed = passed = 0


def check(what, is_so, seen=""):
    global failed, passed
    passed, failed = passed + bool(is_so), failed + (not is_so)
    print("ok  " if is_so else "BAD ", what, "" if is_so else repr(seen), flush=True)


def rest(method, path, bearer, body=None):
    """One request: status, JSON and type of the answer."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    answer = requests.request(method, URL + path, headers=headers, json=body, timeout=PATIENCE_S)
    return answer.status_code, answer.json(), answer.headers.get("Content-Type", "")


class Socket:
    def __init__(self, token, cursor=None):
        self.ws = connect(SOCKET, open_timeout=PATIENCE_S, close_timeout=1, legacy=True)
        self.last_id, self.events = 0, []
        params = {"token": token} | ({"cursor": cursor} if cursor else {})
        self.started = self.call("session.start", **params)

    def send(self, method, **params):
        self.last_id += 1
        self.ws.send(json.dumps({"id": self.last_id, "method": method, "params": params}))
        return self.last_id

    def frame(self):
        return json.loads(self.ws.recv(timeout=PATIENCE_S))

    def answer(self, number):
        """Waits for this answer; keeps the events that come before it."""
        while True:
            frame = self.frame()
            if frame.get("id") == number:
                return frame
            if "event" in frame:
                self.events.append(frame)

    def call(self, method, **params):
        frame = self.answer(self.send(method, **params))
        if "error" in frame:
            raise RuntimeError(f"{method}: {frame['error']}")
        return frame["result"]

    def next_event(self, name):
        """The next event of this name, passing over others."""
        frame = {}
        while frame.get("event") != name:
            frame = self.events.pop(0) if self.events else self.frame()
        return frame

    def drop(self):
        """The line is cut: no close frame, no good-bye."""
        self.ws.socket.shutdown(2)
        self.ws.socket.close()


class Device:
    """What a client keeps: the cursor, and the messages of one conversation by seq."""
    def __init__(self, token):
        self.token, self.cursor, self.conversation = token, None, None
        self.messages, self.heard = {}, []

    def open(self):
        socket = Socket(self.token, self.cursor)
        self.cursor = socket.started["cursor"]
        return socket

    def take(self, event):
        if event["event"] == "message.created" and event["conversation"] == self.conversation:
            self.heard.append(event["seq"])
            self.messages[event["seq"]] = event["data"]["client_id"]

    def resume(self):
        """Connects with the cursor and fetches what heads say that it lacks."""
        socket = self.open()
        for head in socket.started["heads"]:
            seen = max(self.messages, default=0)
            while head["conversation"] == self.conversation and seen < head["head_seq"]:
                path = f"/v1/conversations/{self.conversation}/messages?after={seen}&limit=50"
                page = rest("GET", path, self.token)[1]["items"]
                for message in page:
                    self.messages[message["seq"]] = message["client_id"]
                seen = page[-1]["seq"]
        return socket


def users():
    tokens = []
    for user in ("ann", "bob"):
        status, made, _ = rest("PUT", f"/v1/users/{user}", KEY, {"name": user.title()})
        check(f"{user} is made", status in (200, 201) and made["id"] == user, (status, made))
        status, made, _ = rest("POST", "/v1/auth/token", KEY, {"user": user})
        check(f"{user} has a token", status == 200 and made["token"].startswith("ut_"), status)
        tokens.append(made["token"])
    return tokens


def chat(ann, bob):
    """Both talk, both are cut off in the middle, and nothing is lost or doubled."""
    a, b = ann.open(), bob.open()
    made = a.call("conversations.create", kind="direct", members=["bob"])
    again = b.call("conversations.create", kind="direct", members=["ann"])
    check("a direct conversation is the same for both", made["id"] == again["id"], (made, again))
    ann.conversation = bob.conversation = made["id"]
    said = [str(uuid.uuid4()) for _ in range(120)]

    def say(socket, client_id):
        return socket.send("messages.send", conversation=made["id"], client_id=client_id,
                           kind="text", text=f"message {client_id}")

    numbers = [say(a, client_id) for client_id in said[:60]]
    for _ in range(20):
        bob.take(b.next_event("message.created"))
    b.drop()
    check("bob is cut off with some of it", len(bob.messages) == 20, len(bob.messages))
    replies = [a.answer(number)["result"] for number in numbers]
    check("every send is acknowledged", all(reply["state"] == "sent" for reply in replies), replies)
    check("seq has no gap", [reply["seq"] for reply in replies] == list(range(1, 61)), replies)
    while len(ann.messages) < 60:
        ann.take(a.next_event("message.created"))

    b = bob.resume()
    for client_id in said[60:90]:
        say(a, client_id)
    a.drop()  # Without having seen one answer: all of them are asked for again.
    a = ann.resume()
    for client_id in said[60:]:
        a.answer(say(a, client_id))
    b.call("session.sync")
    for event in b.events:
        bob.take(event)
    for event in a.events:
        ann.take(event)
    a = ann.resume()
    truth = dict(zip(range(1, 121), said))
    check("ann has every message once and in order", ann.messages == truth, len(ann.messages))
    check("bob has every message once and in order", bob.messages == truth, len(bob.messages))
    check("events come once and in order", bob.heard == sorted(set(bob.heard)), bob.heard)
    return a, b


def receipts(a, b, conversation):
    marks = b.call("messages.read", conversation=conversation, seq=120)
    check("bob has read all", (marks["read_seq"], marks["unread"]) == (120, 0), marks)
    receipt = {}
    while receipt.get("read_seq") != 120:
        receipt = a.next_event("receipt.updated")["data"]
    check("ann is told who has read", receipt["user"] == "bob", receipt)


def refusals(token, conversation):
    status, problem, kind = rest("GET", "/v1/me", "ut_" + "0" * 43)
    check("a wrong token is 401", status == 401 and problem["status"] == 401, (status, problem))
    check("it is a problem with a code", kind == "application/problem+json"
          and problem["code"] == "auth.invalid_token" and "request_id" in problem, problem)
    try:
        refusal = Socket("ut_" + "0" * 43).started
    except RuntimeError as error:
        refusal = error
    check("a wrong token opens no session", "auth.invalid_token" in str(refusal), refusal)
    path = f"/v1/conversations/{conversation}/messages"
    body = {"client_id": "x", "kind": "text", "text": "x", "colour": "red"}
    status, problem, _ = rest("POST", path, token, body)
    pointers = [error["pointer"] for error in problem.get("errors", [])]
    check("an unknown field is 422 and pointed at", (status, pointers) == (422, ["/colour"]), problem)
    status, page, _ = rest("GET", path + "?after=120", token)
    check("a refusal stores nothing", status == 200 and page["items"] == [], page)


try:
    ann, bob = map(Device, users())
    receipts(*chat(ann, bob), ann.conversation)
    refusals(ann.token, ann.conversation)
except (ConnectionClosed, OSError, RuntimeError, KeyError, TimeoutError) as error:
    check("nothing unexpected happens", False, error)
print(f"{passed} passed, {failed} failed")
sys.exit(bool(failed))

"""Functions that know the database by `DATABASE_URL` alone, as an ORM does: one in Python, one in Node.js."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.project import Project

_PYTHON = """
import json, os, ssl
from urllib.parse import unquote, urlsplit
import pg8000.native

def handle(event, context):
    url = urlsplit(os.environ["DATABASE_URL"])
    connection = pg8000.native.Connection(
        unquote(url.username), host=url.hostname, port=url.port, database=url.path[1:],
        password=unquote(url.password),
        ssl_context=ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"]),
    )
    [[user]] = connection.run("SELECT current_user")
    connection.close()
    return {"statusCode": 200, "body": json.dumps({"user": user, "query": url.query})}
"""
# There is no driver in Node.js itself. These are the messages of a log-in and of one query:
# https://www.postgresql.org/docs/17/protocol-message-formats.html
_NODE = r"""
const { createHash, createHmac, pbkdf2Sync, randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");
const net = require("node:net");
const tls = require("node:tls");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const int = (number) => { const found = Buffer.alloc(4); found.writeInt32BE(number); return found; };
const message = (type, ...pieces) => {
  const body = Buffer.concat(pieces.map((one) => Buffer.from(one)));
  return Buffer.concat([Buffer.from(type), int(body.length + 4), body]);
};

function log_in(url, socket, done, failed) {
  const password = decodeURIComponent(url.password);
  const nonce = randomBytes(18).toString("base64");
  const answers = {
    10: () => {
      const first = `n,,n=,r=${nonce}`;
      return message("p", "SCRAM-SHA-256\0", int(first.length), first);
    },
    11: (body) => {
      const text = body.subarray(4).toString();
      const given = Object.fromEntries(text.split(",").map((one) => [one[0], one.slice(2)]));
      const salted = pbkdf2Sync(password, Buffer.from(given.s, "base64"), Number(given.i), 32, "sha256");
      const key = hmac(salted, "Client Key");
      const stored = createHash("sha256").update(key).digest();
      const proof = hmac(stored, `n=,r=${nonce},${text},c=biws,r=${given.r}`).map((one, at) => one ^ key[at]);
      return message("p", `c=biws,r=${given.r},p=${Buffer.from(proof).toString("base64")}`);
    },
    0: () => message("Q", "SELECT current_user\0"),
  };
  let held = Buffer.alloc(0);
  socket.on("data", (data) => {
    held = Buffer.concat([held, data]);
    while (held.length >= 5 && held.length > held.readInt32BE(1)) {
      const end = held.readInt32BE(1) + 1;
      const [type, body] = [String.fromCharCode(held[0]), held.subarray(5, end)];
      held = held.subarray(end);
      const answer = type === "R" && answers[body.readInt32BE(0)];
      if (answer) socket.write(answer(body));
      if (type === "E") failed(new Error("the log-in failed"));
      if (type === "D") done(body.subarray(6).toString());
    }
  });
  const named = `user\0${decodeURIComponent(url.username)}\0database\0${url.pathname.slice(1)}\0\0`;
  socket.write(message("", int(196608), named));
}

exports.handle = async () => {
  const url = new URL(process.env.DATABASE_URL);
  const plain = net.connect(Number(url.port), url.hostname);
  const user = await new Promise((resolve, reject) => {
    plain.on("error", reject);
    plain.write(message("", int(80877103)));
    plain.once("data", () => {
      const ca = readFileSync(process.env.PGSSLROOTCERT);
      const socket = tls.connect({ socket: plain, ca, host: url.hostname }, () => {
        log_in(url, socket, resolve, reject);
      });
      socket.on("error", reject);
    });
  }).finally(() => plain.destroy());
  return { statusCode: 200, body: JSON.stringify({ user, query: url.search.slice(1) }) };
};
"""
_URL = (
    "postgresql://${secrets.database.username}:${secrets.database.password}@"
    "${foundation.DatabaseHost}:${foundation.DatabasePort}/mandala?schema=public&sslmode=verify-full"
)
_FUNCTIONS = f"""
  python-url: &url
    handler: of_url.handle
    artifact: build/api
    database: true
    environment: {{DATABASE_URL: "{_URL}"}}
  node-url: {{<<: *url, handler: of-url.handle, runtime: nodejs22.x}}

api:
  routes:
    - {{path: /api/url/python, function: python-url}}
    - {{path: /api/url/node, function: node-url}}"""
LANGUAGES = ("python", "node")


def add_functions(project: Project) -> None:
    """Add both to the app, with a route for each."""
    (project.folder / "build/api/of_url.py").write_text(_PYTHON)
    (project.folder / "build/api/of-url.js").write_text(_NODE)
    project.edit_config(lambda text: text.replace("\napi:\n  routes:", _FUNCTIONS))

// Starts a Node.js function with values of secrets in its variables, and again when a secret changed.
//
// `node.sh` runs this in place of Lambda's runtime. `start.py` is the same for Python, and has the reasons.
"use strict";

const { createHash, createHmac } = require("node:crypto");
const { spawn } = require("node:child_process");
const { writeSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");

const REFERENCE = /\$\{secrets\.([^.{}]+)(?:\.([^{}]+))?\}/g;
const FAILED = /"statusCode"\s*:\s*5\d\d/;
const LOOK = 60_000; // Milliseconds between two looks at the secrets.
const TRIES = 3;
const TIMEOUT = 2000; // Milliseconds of one call of Secrets Manager.
const SERVICE = "secretsmanager";
const OWN_HEADERS = new Set(["connection", "content-length", "host", "keep-alive", "transfer-encoding"]);

const log = (level, text) => {
  const entry = { timestamp: new Date().toISOString(), level, message: `Kanmon: ${text}` };
  writeSync(2, `${JSON.stringify(entry)}\n`);
};
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

/** The variables with references to secrets, and their values. */
async function compose(variables) {
  const texts = {};
  const composed = {};
  for (const [variable, text] of Object.entries(variables)) {
    const found = [...text.matchAll(REFERENCE)];
    for (const [, name] of found) {
      texts[name] ??= await readSecret(variables[`${name.toUpperCase().replaceAll("-", "_")}_SECRET_ARN`] ?? "", variables);
    }
    if (found.length) {
      composed[variable] = text.replace(REFERENCE, (_, name, key, offset) => {
        const value = key ? ofKey(name, key, texts[name]) : texts[name];
        if (value.includes("\0") || !value.isWellFormed()) {
          throw new Error(`The value of the secret ${name} has a character that no variable can have.`);
        }
        return text.slice(0, offset).includes("://") ? encoded(value) : value;
      });
    }
  }
  return composed;
}

/** Percent-encoded, with the characters that encodeURIComponent leaves. */
function encoded(value) {
  return encodeURIComponent(value).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The text or the whole number under a key of a secret in JSON. */
function ofKey(name, key, text) {
  let found;
  try {
    const document = JSON.parse(text);
    found = Object.hasOwn(document, key) ? document[key] : undefined;
  } catch {
    // The message has no piece of the text.
  }
  if (typeof found !== "string" && !Number.isSafeInteger(found)) {
    throw new Error(`The secret ${name} is not JSON with a text under the key ${key}.`);
  }
  return String(found);
}

/** The request for a secret, signed with the function's own credentials. */
function signed(arn, variables, moment) {
  const region = arn.split(":")[3];
  const endpoint = variables.AWS_ENDPOINT_URL_SECRETS_MANAGER || variables.AWS_ENDPOINT_URL
    || `https://${SERVICE}.${region}.amazonaws.com`;
  const body = JSON.stringify({ SecretId: arn });
  const date = new Date(moment).toISOString().replace(/[-:]|\.\d+/g, "");
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(endpoint).host,
    "x-amz-date": date,
    "x-amz-security-token": variables.AWS_SESSION_TOKEN ?? "",
    "x-amz-target": `${SERVICE}.GetSecretValue`,
  };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
  const scope = `${date.slice(0, 8)}/${region}/${SERVICE}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(`POST\n/\n\n${lines}\n${names}\n${sha256(body)}`)}`;
  const signature = [...scope.split("/"), text].reduce(
    (key, piece) => createHmac("sha256", key).update(piece).digest(),
    `AWS4${variables.AWS_SECRET_ACCESS_KEY ?? ""}`,
  ).toString("hex");
  const credential = `${variables.AWS_ACCESS_KEY_ID ?? ""}/${scope}`;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { endpoint, headers, body };
}

/** The text of a secret now. */
async function readSecret(arn, variables) {
  const { endpoint, headers, body } = signed(arn, variables, Date.now());
  const url = new URL(endpoint);
  const options = { method: "POST", headers, signal: AbortSignal.timeout(TIMEOUT) };
  const answer = await send(url.protocol === "https:" ? https : http, url, options, body);
  let found = {};
  try {
    found = JSON.parse(answer.body);
  } catch {
    // The status stands for it.
  }
  if (answer.status !== 200) throw new Error(`${found.__type ?? answer.status} ${found.message ?? found.Message}`);
  if (typeof found.SecretString !== "string") throw new Error("The secret has no text.");
  return found.SecretString;
}

/** One request on a connection of its own: an older one may have ended while the environment was frozen. */
function send(kind, url, options, body) {
  return new Promise((resolve, reject) => {
    const request = kind.request(url, { ...options, agent: false }, (answer) => {
      whole(answer).then((content) => {
        resolve({ status: answer.statusCode, headers: kept(answer.headers), body: content });
      }, reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function whole(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

function kept(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name)));
}

/** The first values. A call that fails is repeated. */
async function atTheStart(variables) {
  for (let number = 1; ; number += 1) {
    try {
      return await compose(variables);
    } catch (error) {
      if (number === TRIES) throw error;
    }
  }
}

/** The app's runtime, a process of its own that gets its events from here. */
class RunningFunction {
  #api = process.env.AWS_LAMBDA_RUNTIME_API;
  #variables = { ...process.env };
  #values;
  #looked;
  #failed = false;
  #held = null;
  #runtime;
  #server;

  async begin(command) {
    this.command = command;
    const { KANMON_NODE_OPTIONS: options } = this.#variables;
    delete this.#variables.KANMON_NODE_OPTIONS;
    if (options) this.#variables.NODE_OPTIONS = options;
    try {
      this.#values = await atTheStart(this.#variables);
    } catch (error) {
      log("ERROR", `the function can't start without its secrets. ${error.message}`);
      const report = { errorMessage: `Kanmon could not read the secrets. ${error.message}`, errorType: "Kanmon.Secrets" };
      await this.#ask("POST", "/2018-06-01/runtime/init/error", {}, JSON.stringify(report));
      process.exit(1);
    }
    this.#looked = Date.now();
    this.#server = http.createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    // An event, and the app's work at it, may take any time.
    Object.assign(this.#server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, timeout: 0 });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    process.on("SIGTERM", () => this.#runtime?.kill("SIGTERM"));
    this.#start();
  }

  #start() {
    const [program, ...rest] = this.command;
    const api = `127.0.0.1:${this.#server.address().port}`;
    const runtime = spawn(program, rest, {
      env: { ...this.#variables, ...this.#values, AWS_LAMBDA_RUNTIME_API: api },
      stdio: descriptors(this.#variables._LAMBDA_TELEMETRY_LOG_FD),
    });
    this.#runtime = runtime;
    runtime.on("exit", (status, signal) => {
      if (runtime === this.#runtime) process.exit(signal ? 128 + require("node:os").constants.signals[signal] : status);
    });
    runtime.on("error", (error) => {
      log("ERROR", `the runtime can't start. ${error.message}`);
      process.exit(1);
    });
  }

  async #handle(request, response) {
    const body = await whole(request);
    const path = request.url;
    const answer = path.endsWith("/invocation/next")
      ? await this.#next(request)
      : await this.#pass(request, body);
    if (answer === null) {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
    response.end(answer.body);
  }

  #pass(request, body) {
    const path = request.url;
    if (path.endsWith("/error") || (path.endsWith("/response") && FAILED.test(body.toString("latin1")))) {
      this.#failed = true;
    }
    return this.#ask(request.method, path, request.headers, body);
  }

  async #next(request) {
    this.#held ??= await this.#ask(request.method, request.url, request.headers);
    if (this.#isDue() && await this.#changed()) {
      log("INFO", "a secret changed, so the function starts again.");
      const old = this.#runtime;
      this.#runtime = null;
      await new Promise((resolve) => {
        old.once("exit", resolve);
        old.kill("SIGKILL");
      });
      this.#start();
      return null;
    }
    const event = this.#held;
    this.#held = null;
    return event;
  }

  #isDue() {
    const passed = Date.now() - this.#looked;
    return this.#failed || passed < 0 || passed >= LOOK;
  }

  async #changed() {
    const before = this.#values;
    try {
      this.#values = await compose(this.#variables);
    } catch (error) {
      log("WARN", `the secrets could not be read again, so the known values stay. ${error.message}`);
    }
    this.#looked = Date.now();
    this.#failed = false;
    return JSON.stringify(this.#values) !== JSON.stringify(before);
  }

  #ask(method, path, headers, body) {
    return send(http, new URL(`http://${this.#api}${path}`), { method, headers: kept(headers) }, body);
  }
}

/** The app's descriptors: Node.js closes all others, and Lambda hands the runtime one for its log. */
function descriptors(logging) {
  const found = ["inherit", "inherit", "inherit"];
  if (Number(logging) > 2) found[Number(logging)] = Number(logging);
  return Array.from(found, (one) => one ?? "ignore");
}

new RunningFunction().begin(process.argv.slice(2));

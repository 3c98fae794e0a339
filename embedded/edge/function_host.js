// Runs CloudFront Functions: JSON lines in, JSON lines out, one long-lived process.
//
// CloudFront promises no state between runs: the function's code is evaluated anew for each event,
// in a context that has the language and what the runtime's documentation lists (console, Buffer,
// atob, btoa), and no require, no timers, no network, no code from strings.
"use strict";

const readline = require("node:readline");
const vm = require("node:vm");

// CloudFront counts processor time; a clock needs room on a busy machine. It stops endless loops.
const LIMIT_MS = 1000;
const functions = new Map();

// The handler may be async: microtasks run within `runInContext`, so its outcome is known after it.
const BEFORE = '(function () { "use strict";\n';
const AFTER = `
  ;if (typeof handler !== "function") throw new Error("The function has no handler");
  Promise.resolve(handler(JSON.parse(__event))).then(
    function (value) { __done(JSON.stringify(value === undefined ? null : value)); },
    function (error) { __failed(String((error && error.stack) || error)); });
})();`;

function prepare(name, code) {
  const script = new vm.Script(BEFORE + code + AFTER, { filename: name, lineOffset: -1 });
  const sandbox = {
    atob, btoa,
    Buffer: { from: Buffer.from.bind(Buffer), concat: Buffer.concat.bind(Buffer) },
  };
  const context = vm.createContext(sandbox, {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: "afterEvaluate",
  });
  return { script, sandbox, context };
}

function run(request) {
  const { script, sandbox, context } = functions.get(request.function);
  const logs = [];
  const log = (...texts) => { logs.push(texts.map(String).join(" ")); };
  let result;
  let failure = "The function did not finish in time";
  sandbox.console = { log, warn: log, error: log, info: log };
  sandbox.__event = JSON.stringify(request.event);
  sandbox.__done = (value) => { result = value; };
  sandbox.__failed = (error) => { failure = error; };
  try {
    script.runInContext(context, { timeout: LIMIT_MS });
  } catch (error) {
    failure = String((error && error.stack) || error);
  }
  if (result === undefined) return { id: request.id, error: failure, logs };
  return { id: request.id, result: JSON.parse(result), logs };
}

function answer(request) {
  if (request.code !== undefined) {
    try {
      functions.set(request.function, prepare(request.function, request.code));
    } catch (error) {
      return { id: request.id, error: String(error.stack || error), logs: [] };
    }
  }
  return run(request);
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
});

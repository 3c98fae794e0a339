// Lambda's runtime for Node.js, between the Runtime API and ministack's worker, which runs the handler.
"use strict";

const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");

const { env } = process;
const api = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const worker = spawn(process.execPath, [`${__dirname}/worker.cjs`], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
worker.on("exit", (status) => process.exit(status || 1));

async function answer(message) {
  worker.stdin.write(`${JSON.stringify(message)}\n`);
  for (;;) {
    const { value, done } = await lines.next();
    if (done) process.exit(1);
    if (value.startsWith('{"status"')) return JSON.parse(value);
  }
}

function call(path, content) {
  return fetch(api + path, content === undefined ? {} : { method: "POST", body: JSON.stringify(content) });
}

async function main() {
  const [, module, handler] = env._HANDLER.match(/^(.*)\.([^.]*)$/);
  const ready = await answer({
    code_dir: env.LAMBDA_TASK_ROOT,
    module,
    handler,
    function_name: env.AWS_LAMBDA_FUNCTION_NAME,
    memory: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  });
  if (ready.status !== "ready") {
    await call("/init/error", { errorMessage: ready.error, errorType: "Runtime.ImportModuleError" });
    process.exit(1);
  }
  for (;;) {
    const event = await call("/invocation/next");
    const id = event.headers.get("Lambda-Runtime-Aws-Request-Id");
    const ctx = {
      request_id: id,
      invoked_function_arn: event.headers.get("Lambda-Runtime-Invoked-Function-Arn"),
      timeout_ms: Number(event.headers.get("Lambda-Runtime-Deadline-Ms")) - Date.now(),
      trace_id: event.headers.get("Lambda-Runtime-Trace-Id"),
    };
    const found = await answer({ event: await event.json(), ctx });
    if (found.status === "ok") {
      await call(`/invocation/${id}/response`, found.result ?? null);
      continue;
    }
    console.error(found.trace || found.error);
    await call(`/invocation/${id}/error`, { errorMessage: found.error, errorType: "Runtime.HandlerError" });
  }
}

main().catch(() => process.exit(1));

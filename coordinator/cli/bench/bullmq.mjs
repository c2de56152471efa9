// BullMQ's add, process, complete under load. Told on stdin, a line each: how many seconds to run.
// Answers on stdout: cycles completed, and in how many seconds; first "ready".
import { Queue, Worker } from "bullmq";
import { createInterface } from "node:readline";

const [path, workers] = process.argv.slice(2);
// Waiting jobs are kept at so many, and added so many at a time.
const WAITING = 2000, BATCH = 250;
const options = { connection: { path, maxRetriesPerRequest: null } };
const queue = new Queue("bench", { ...options, defaultJobOptions: { removeOnComplete: true } });
let added = 0, completed = 0;
const worker = new Worker("bench", async () => {}, { ...options, concurrency: Number(workers) });
worker.on("completed", () => { completed += 1; });
worker.on("error", (error) => { console.error(String(error)); process.exit(1); });
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
console.log("ready");

const turn = () => new Promise((done) => setImmediate(done));

async function run(seconds) {
  const began = performance.now(), before = completed;
  while (performance.now() - began < seconds * 1000) {
    if (added - completed < WAITING) {
      added += BATCH;
      await queue.addBulk(Array.from({ length: BATCH }, (_, n) => ({ name: "call", data: { n } })));
    } else {
      await turn();
    }
  }
  const cycles = completed - before, took = (performance.now() - began) / 1000;
  while (completed < added) await turn();
  return { cycles, seconds: took, added, completed };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(Number(line))));
}
await worker.close();
await queue.close();

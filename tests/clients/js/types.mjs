/* The sample programs of types/ compile against the types of the client and those that
 * openapi-typescript makes of the daemon's description; and with any one name misspelt they do not.
 *
 * usage: node types.mjs OPENAPI.json FOLDER     FOLDER is for what is generated */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [description, folder] = process.argv.slice(2);
const here = new URL(".", import.meta.url).pathname, tools = join(here, "node_modules", ".bin");

/* A name of each program, and how it is misspelt. */
const SLIPS = [
  ["generated.ts", "answer.samples", "answer.sample"], ["generated.ts", "seed: 1", "sed: 1"],
  ["generated.ts", "steps: 20", "step: 20"], ["generated.ts", '"rk4"', '"rk5"'],
  ["generated.ts", "problem.detail}", "problem.details}"], ["generated.ts", '"urn:advect:invalid-field"', '"urn:advect:invalid"'],
  ["generated.ts", "answer.log_density", "answer.log_densities"], ["generated.ts", "last.states", "last.state"],
  ["generated.ts", "a.parameters", "a.weights"], ["generated.ts", '"done"', '"ended"'],
  ["generated.ts", '["trajectories"];', '["trajectory"];'], ["generated.ts", "points: ", "point: "],
  ["generated.ts", "(one): one is number => one !== null", "() => true"],
  ["client.ts", "probes: 8", "probe: 8"], ["client.ts", "model.logProb", "model.logDensity"],
  ["client.ts", "last?.t", "last?.time"], ["client.ts", "times: [0, 1]", "time: [0, 1]"],
  ["client.ts", "context: new", "contexts: new"], ["client.ts", "context?.size", "context?.length"],
];

function run(tool, ...args) {
  const { status, stdout, stderr } = spawnSync(join(tools, tool), args, { encoding: "utf8" });
  return { good: status === 0, text: stdout + stderr };
}

/* Writes a program, with one word in place of another if there is a slip, as a file of the folder. */
function write(as, name, slip) {
  const text = readFileSync(join(here, "types", name), "utf8").replace("../../../../clients/js", join(here, "../../../clients/js"));
  if (slip && !text.includes(slip[1]))
    throw new Error(`${name} has no ${slip[1]}`);
  writeFileSync(join(folder, as), slip ? text.replace(slip[1], slip[2]) : text);
  return as;
}

/* The programs as they are and with each slip, each as a file of its own; what the compiler says of it. */
function compile() {
  const files = ["generated.ts", "client.ts"].map((name) => write(name, name));
  SLIPS.forEach((slip, i) => files.push(write(`slip-${i}.ts`, slip[0], slip)));
  const config = JSON.parse(readFileSync(join(here, "types", "tsconfig.json"), "utf8"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...config, files: ["api.d.ts", ...files] }));
  const { good, text } = run("tsc", "-p", folder);
  return { good, text, of: (file) => text.split("\n").filter((line) => line.includes(`${file}(`) && line.includes("error TS")).join("\n") };
}

let failed = 0;
function count(good, name, text = "") {
  failed += !good;
  console.log(`${good ? "ok  " : "FAIL"} ${name}`);
  if (!good)
    console.log(text);
}

mkdirSync(folder, { recursive: true });
const lint = run("redocly", "lint", description, "--format=stylish");
count(lint.good && !/\d warning/.test(lint.text), "redocly finds neither errors nor warnings", lint.text);
const made = run("openapi-typescript", description, "-o", join(folder, "api.d.ts"), "--default-non-nullable=false");
count(made.good, "types are generated", made.text);
const { text, of } = compile();
const strange = text.split("\n").filter((line) => /error TS/.test(line) && !/slip-\d+\.ts\(/.test(line)).join("\n");
count(made.good && strange === "", "the programs compile", strange);
SLIPS.forEach(([name, right, wrong], i) =>
  count(of(`slip-${i}.ts`) !== "", `${name} with ${wrong} in place of ${right} does not compile`, text));
console.log(`${2 + 1 + SLIPS.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

// MDN's HTTP Observatory scans a site that answers HTTP on one port and HTTPS on another: { http, https } comes in, its
// report goes out. `headers` is the grade without the test for the redirect.

import fs from "node:fs";
import net from "node:net";
import { pathToFileURL } from "node:url";
import { given, require } from "./packages.mjs";

// The list of preloaded hosts, which Observatory downloads when it is installed. Ours is not on it.
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => (String(path).endsWith("hsts-preload.json") ? "{}" : readFileSync(path, ...rest));

const observatory = (file) => import(pathToFileURL(require.resolve(`@mdn/mdn-http-observatory/src/${file}`)));
const { scan } = await observatory("scanner/index.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await observatory("grader/charts.js");
const { getGradeForScore } = await observatory("grader/grader.js");

// A scan takes a host and no ports, so both are one to it. The first byte of TLS is 22 (RFC 8446 section 5.1).
const { http, https } = given();
const front = net.createServer((client) => {
  client.on("error", () => client.destroy());
  client.once("data", (first) => {
    const server = net.connect(first[0] === 22 ? https : http, "127.0.0.1");
    server.on("error", () => client.destroy());
    server.write(first);
    client.pipe(server).pipe(client);
  });
});
await new Promise((listening) => front.listen(0, "127.0.0.1", listening));
const report = await scan(`localhost:${front.address().port}`);

const modifiers = Object.entries(report.tests).filter(([name]) => name !== "redirection").map(([, test]) => test.scoreModifier);
const sum = (numbers) => numbers.reduce((all, one) => all + one, 100);
const uncurved = sum(modifiers.filter((one) => one < 0));
const headers = getGradeForScore(uncurved >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? sum(modifiers) : uncurved);
const tests = Object.fromEntries(Object.entries(report.tests).map(([name, { pass, result }]) => [name, { pass, result }]));
console.log(JSON.stringify({ grade: report.scan.grade, score: report.scan.score, headers, tests }));
process.exit(0);

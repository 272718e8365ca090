// A package of tests/npm, and the JSON that node.py sends.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

export const require = createRequire(new URL("../npm/package.json", import.meta.url));

export const given = () => JSON.parse(readFileSync(0, "utf8"));

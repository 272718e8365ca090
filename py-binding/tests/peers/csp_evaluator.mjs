// Google's csp_evaluator on a list of policies: what it calls HIGH or MEDIUM in each, and the hosts that it knows to bypass one.

import { given, require } from "./packages.mjs";

const { CspParser } = require("csp_evaluator/dist/parser.js");
const { CspEvaluator, DEFAULT_CHECKS, STRICTCSP_CHECKS } = require("csp_evaluator/dist/evaluator.js");
const { Severity, Type } = require("csp_evaluator/dist/finding.js");
const hosts = (list) => [...new Set(require(`csp_evaluator/dist/allowlist_bypasses/${list}.js`).URLS.map(
  (url) => new URL(url.replace(/^\/\//, "https://")).hostname,
))];

const checks = [...DEFAULT_CHECKS, ...STRICTCSP_CHECKS];
const findings = (policy) => new CspEvaluator(new CspParser(policy).csp)
  .evaluate(undefined, checks)
  .filter(({ severity }) => severity === Severity.HIGH || severity === Severity.MEDIUM)
  .map(({ severity, type, directive, value }) => (
    { severity: Severity[severity], type: Type[type], directive, value: value ?? "" }
  ));

console.log(JSON.stringify({ findings: (given() ?? []).map(findings), jsonp: hosts("jsonp"), angular: hosts("angular") }));

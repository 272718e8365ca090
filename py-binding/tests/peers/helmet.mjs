// Runs helmet with all its options: [{ name, options, headers }], or `error` instead of `headers` where helmet refuses.
// JSON lacks two kinds of options: a function becomes { each_request: what it returns }, and the symbol that switches
// default-src off becomes "<off>".

import { require } from "./packages.mjs";

const helmet = require("helmet");
const { dangerouslyDisableDefaultSrc, getDefaultDirectives } = helmet.contentSecurityPolicy;

const cases = [];
const add = (name, options) => cases.push({ name, options });

add("nothing", {});

// Each header off and on, under each of its names.
const NAMES = {
  contentSecurityPolicy: [],
  crossOriginEmbedderPolicy: [],
  crossOriginOpenerPolicy: [],
  crossOriginResourcePolicy: [],
  originAgentCluster: [],
  referrerPolicy: [],
  strictTransportSecurity: ["hsts"],
  xContentTypeOptions: ["noSniff"],
  xDnsPrefetchControl: ["dnsPrefetchControl"],
  xDownloadOptions: ["ieNoOpen"],
  xFrameOptions: ["frameguard"],
  xPermittedCrossDomainPolicies: ["permittedCrossDomainPolicies"],
  xPoweredBy: ["hidePoweredBy"],
  xXssProtection: ["xssFilter"],
};
for (const [name, others] of Object.entries(NAMES)) {
  for (const on of [false, true]) add(`${name}: ${on}`, { [name]: on });
  for (const other of others) {
    add(`${other}: false`, { [other]: false });
    add(`${name} and ${other}`, { [name]: true, [other]: true });
  }
}

// A header and what one of its options takes.
const each = (header, option, values) => {
  for (const value of values) add(`${header} ${option}: ${JSON.stringify(value)}`, { [header]: { [option]: value } });
};
each("crossOriginEmbedderPolicy", "policy", ["require-corp", "credentialless", "unsafe-none", "same-origin", ""]);
each("crossOriginOpenerPolicy", "policy", [
  "same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none", "same-site", "",
]);
each("crossOriginResourcePolicy", "policy", ["same-origin", "same-site", "cross-origin", "unsafe-none", ""]);
each("referrerPolicy", "policy", [
  "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin",
  "strict-origin-when-cross-origin", "unsafe-url", "", "bogus", [], ["no-referrer", "no-referrer"],
  ["no-referrer", "strict-origin-when-cross-origin"], ["same-origin", "strict-origin", "no-referrer-when-downgrade"],
]);
each("xDnsPrefetchControl", "allow", [true, false]);
each("xFrameOptions", "action", ["deny", "sameorigin", "DENY", "SameOrigin", "same-origin", "allow-from", ""]);
each("xPermittedCrossDomainPolicies", "permittedPolicies", ["none", "master-only", "by-content-type", "all", "bogus"]);
each("strictTransportSecurity", "maxAge", [0, 1, 1234.5, 15552000, 31536000, 63072000, -1, "text"]);
each("strictTransportSecurity", "includeSubDomains", [true, false]);
each("strictTransportSecurity", "preload", [true, false]);
for (const maxAge of [0, 86400, 31536000, 63072000]) {
  for (const includeSubDomains of [true, false]) {
    add(`strictTransportSecurity preload ${maxAge} ${includeSubDomains}`, {
      strictTransportSecurity: { maxAge, includeSubDomains, preload: true },
    });
  }
}
add("strictTransportSecurity maxage", { strictTransportSecurity: { maxage: 1 } });
add("strictTransportSecurity includeSubdomains", { strictTransportSecurity: { includeSubdomains: false } });

// Content-Security-Policy: helmet's default directives with others over them, then directives alone.
const SELF = "'self'";
const csp = (name, directives, more = {}) =>
  add(`csp ${name}`, { contentSecurityPolicy: { directives, ...more } });
const alone = (name, directives, more = {}) => csp(`alone, ${name}`, directives, { useDefaults: false, ...more });

csp("no directives", {});
csp("report only", {}, { reportOnly: true });
csp("a host", { scriptSrc: [SELF, "https://cdn.example"] });
csp("kebab case", { "script-src": [SELF, "cdn.example"], "img-src": ["*"] });
csp("both cases", { scriptSrc: [SELF], "script-src": [SELF] });
csp("a string", { scriptSrc: "'self' cdn.example" });
csp("a set", { scriptSrc: new Set([SELF, "cdn.example"]) });
csp("a directive left out", { upgradeInsecureRequests: null, scriptSrcAttr: null });
csp("functions", { scriptSrc: [SELF, () => "https://a.example", () => "https://b.example"] });
csp("a nonce by function", { scriptSrc: [SELF, () => "'nonce-rAnd0m4nd10ngEn0ugh='"] });
csp("a nonce in two directives", {
  scriptSrc: [() => "'nonce-rAnd0m4nd10ngEn0ugh='"], styleSrc: [() => "'nonce-rAnd0m4nd10ngEn0ugh='"],
});
csp("a nonce and strict-dynamic", {
  scriptSrc: [() => "'nonce-rAnd0m4nd10ngEn0ugh='", "'strict-dynamic'", "https:", "'unsafe-inline'"],
});
csp("a nonce that is fixed", { scriptSrc: [SELF, "'nonce-abc123'"] });
csp("hashes", { scriptSrc: ["'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='"] });
csp("strict-dynamic alone", { scriptSrc: ["'strict-dynamic'"] });
csp("upper case", { scriptSrc: ["'SELF'"] });
csp("an empty list", { scriptSrc: [] });
csp("no and another", { scriptSrc: ["'none'", SELF] });
csp("an unknown directive", { scriptSr: [SELF] });
csp("a directive that is no name", { "script src": [SELF] });
csp("a name of no letters", { "": [SELF] });
csp("a semicolon", { scriptSrc: [SELF, "a.example; script-src *"] });
csp("a comma", { scriptSrc: [SELF, "a.example, b.example"] });
csp("a line break", { scriptSrc: [SELF, "a.example\r\nx-evil: 1"] });
csp("curly quotes", { scriptSrc: ["\u2018self\u2019"] });
csp("default-src null", { defaultSrc: null });
csp("default-src off", { defaultSrc: dangerouslyDisableDefaultSrc });
csp("another off", { scriptSrc: dangerouslyDisableDefaultSrc });
csp("false", { scriptSrc: false });
for (const bare of ["none", "self", "strict-dynamic", "report-sample", "inline-speculation-rules", "unsafe-inline",
  "unsafe-eval", "unsafe-hashes", "wasm-unsafe-eval", "trusted-types-eval", "nonce-abc", "sha256-abc", "sha384-abc",
  "sha512-abc"]) {
  csp(`${bare} without quotes`, { scriptSrc: [bare] });
}
for (const keyword of ["'report-sample'", "'inline-speculation-rules'", "'unsafe-inline'", "'unsafe-eval'",
  "'unsafe-hashes'", "'wasm-unsafe-eval'"]) {
  csp(keyword, { scriptSrc: [SELF, keyword] });
}
csp("reporting", { reportUri: ["/csp-reports"], reportTo: ["csp"] });
csp("trusted types", { requireTrustedTypesFor: ["'script'"], trustedTypes: ["dompurify", "'allow-duplicates'"] });
csp("sandbox", { sandbox: ["allow-forms", "allow-scripts"] });
csp("an empty sandbox", { sandbox: [] });
csp("an obsolete directive", { blockAllMixedContent: [] });
csp("every fetch directive", {
  childSrc: [SELF], connectSrc: [SELF, "wss:"], frameSrc: ["https:"], manifestSrc: [SELF], mediaSrc: ["blob:"],
  scriptSrcElem: [SELF], styleSrcAttr: ["'none'"], styleSrcElem: [SELF], workerSrc: ["blob:"],
});
alone("nothing", {});
alone("default-src", { defaultSrc: ["'none'"] });
alone("default-src, report only", { defaultSrc: ["'none'"] }, { reportOnly: true });
alone("no default-src", { scriptSrc: [SELF] });
alone("default-src off", { defaultSrc: dangerouslyDisableDefaultSrc, scriptSrc: [SELF] });
alone("default-src off, nothing else", { defaultSrc: dangerouslyDisableDefaultSrc });

// What a browser gets.
const answer = (options) => {
  const headers = {};
  const response = {
    setHeader: (name, value) => (headers[name.toLowerCase()] = value),
    removeHeader: (name) => delete headers[name.toLowerCase()],
  };
  try {
    helmet(options)({}, response, (error) => {
      if (error) throw error;
    });
    return { headers };
  } catch (error) {
    return { error: String(error.message) };
  }
};

const told = (_, value) => {
  if (value === dangerouslyDisableDefaultSrc) return "<off>";
  if (typeof value === "function") return { each_request: value() };
  if (value instanceof Set) return [...value];
  return value;
};

console.warn = () => {};
const answers = cases.map(({ name, options }) => ({ name, options, ...answer(options) }));
console.log(JSON.stringify({ defaults: getDefaultDirectives(), answers }, told));

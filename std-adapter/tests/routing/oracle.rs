//! What the rules open, read from DESIGN's grammar of paths and without Sallet's code.
//!
//! It is given the path under which a handler was really reached, put together from its pattern and the parameters that the
//! router gave it.

use std::fmt;

#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) public: Vec<String>,
    pub(crate) protected: Vec<String>,
    pub(crate) preflights: Vec<String>,
    /// Whether they are of the path inside the nest.
    pub(crate) nested: bool,
}

/// How a request is asked, as far as rules care.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Empty for a WebSocket.
    pub(crate) method: &'a str,
    pub(crate) preflight: bool,
}

/// Where a request got to. All but `sent` are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) handler: String,
    pub(crate) sent: String,
    pub(crate) full: String,
    /// Without what was in front of the guard.
    pub(crate) inner: String,
}

impl Reached {
    /// A handler of `/` in a nest is at the prefix, and under `nest_service` at the prefix with a slash as well.
    pub(crate) fn new(handler: String, sent: &str, full: String, inner: String) -> Self {
        let full = if inner == "/" { slash_as(&full, sent) } else { full };
        Self { handler, sent: sent.to_owned(), full, inner }
    }
}

impl Rules {
    /// Whether the handler may be reached without a credential.
    ///
    /// Sallet opens paths, not handlers: `/static/*` opens `/static/`, which axum gives to a `/{*rest}`. What a normalizer
    /// changed is open where both the path that was sent and the one that it became are.
    pub(crate) fn opens(&self, asked: Asked<'_>, at: &Reached) -> bool {
        let Some(sent) = plain(&at.sent) else { return false };
        let readings = [&*at.full, &at.inner, &sent];
        if self.nested {
            // What was sent ends with the inner path, or is the prefix itself.
            sent.trim_end_matches('/').ends_with(at.inner.trim_end_matches('/'))
                && self.name(asked, &at.inner, &readings)
                && (at.inner == "/" || self.name(asked, &slash_as(&at.inner, &sent), &readings))
        } else {
            self.name(asked, &at.full, &readings) && self.name(asked, &sent, &readings)
        }
    }

    fn name(&self, asked: Asked<'_>, path: &str, readings: &[&str]) -> bool {
        if asked.preflight && self.preflights.iter().any(|rule| matches(rule, asked.method, path)) {
            return true;
        }
        let opened = self.public.iter().filter(|rule| matches(rule, asked.method, path)).map(|rule| size(rule)).max();
        let covers = |rule: &&String| readings.iter().any(|path| covers(rule, path));
        let covered = self.protected.iter().filter(covers).map(|rule| size(rule)).max();
        opened > covered || (!self.protected.is_empty() && covered.is_none())
    }
}

/// Exact, or with `/*` everything below; `GET` counts for `HEAD`.
pub(crate) fn matches(rule: &str, method: &str, path: &str) -> bool {
    let (only, wanted) = rule.split_once(" /").map_or((None, rule), |(only, _)| (Some(only), &rule[only.len() + 1..]));
    only.is_none_or(|only| only == method || (only, method) == ("GET", "HEAD"))
        && wanted.strip_suffix('*').map_or(path == wanted, |start| path.starts_with(start))
}

/// The path, the same with a slash, everything below; upper and lower case are one.
pub(crate) fn covers(rule: &str, path: &str) -> bool {
    format!("{path}/").to_lowercase().starts_with(&format!("{}/", stem(rule)).to_lowercase())
}

pub(crate) fn stem(rule: &str) -> &str {
    let path = &rule[rule.find('/').unwrap_or_default()..];
    let path = path.strip_suffix('*').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path)
}

/// How long a rule is: neither a slash nor `/*` at the end counts, but the root page is inside of `/*`.
pub(crate) fn size(rule: &str) -> usize {
    if rule == "/" || rule.ends_with(" /") { 1 } else { stem(rule).len() }
}

/// The decoded path, if the one that was sent is its only spelling and nobody reads it as another.
pub(crate) fn plain(sent: &str) -> Option<String> {
    let decoded = decoded(sent)?;
    let odd = |char: char| matches!(char, ';' | '\\' | '%') || char.is_control();
    let bent =
        decoded.contains("//") || decoded.chars().any(odd) || decoded.split('/').any(|part| matches!(part, "." | ".."));
    (decoded.starts_with('/') && !bent && encoded(&decoded) == sent).then_some(decoded)
}

pub(crate) fn decoded(sent: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = sent.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|two| std::str::from_utf8(two).ok());
        // `from_str_radix` takes a sign.
        let byte = digits.filter(|two| !two.contains('+')).and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

/// As a browser sends it.
pub(crate) fn encoded(path: &str) -> String {
    let mut sent = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            sent.push(char::from(byte));
        } else {
            sent += &format!("%{byte:02X}");
        }
    }
    sent
}

fn slash_as(path: &str, like: &str) -> String {
    let path = path.trim_end_matches('/');
    if like.ends_with('/') { format!("{path}/") } else { path.to_owned() }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "public {:?}, protected {:?}, preflights {:?}", self.public, self.protected, self.preflights)?;
        f.write_str(if self.nested { ", nested" } else { "" })
    }
}

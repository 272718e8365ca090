//! Public paths: no path is public that anybody else on the way to the handler may read as another one. And rules of
//! policies: nobody shakes one off but by leading elsewhere.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use sallet_core::auth::{PathRule, PathRules, is_preflight};
use url::Url;

use crate::input;

/// A method, a path as it came over the wire, a path that has nothing to do with it, then the rules; with bytes FF
/// between.
pub fn path_rules(data: &[u8]) {
    let texts: Vec<_> = input::texts(data).collect();
    let [method, raw, other, rules @ ..] = texts.as_slice() else { return };
    let preflight = is_preflight(method, !raw.is_empty(), !other.is_empty());
    assert_eq!(preflight, method == "OPTIONS" && !raw.is_empty() && !other.is_empty());

    let rules: Vec<_> = rules.iter().filter_map(|rule| read(rule)).collect();
    let rules = PathRules::new(rules);
    let is_public = |path: &str, raw: Option<&[u8]>| rules.is_public(method, path, raw);
    let check = |path: &str| routed_inside(rules.rules(), method, path);

    for rule in rules.rules() {
        for path in [raw, other] {
            covered(rule, method, path);
        }
    }

    // hyper, and the firmware: the router matches the path as it came.
    let path = raw.split('?').next().unwrap_or_default();
    if is_public(path, None) {
        check(path);
    }
    // ASGI: the server decodes the path, the router matches that, and what came is known too.
    let decoded = decode(path);
    if is_public(&decoded, Some(raw.as_bytes())) {
        check(&decoded);
    }
    // What came over the wire can only close.
    let narrowed = is_public(other, Some(raw.as_bytes()));
    assert!(!narrowed || is_public(other, None));
    if narrowed {
        check(other);
    }
    // One policy has one verdict on every host: a path that hyper opens, ASGI opens.
    if is_public(path, None) {
        assert!(is_public(&decoded, Some(raw.as_bytes())), "{path:?} is public undecoded, {decoded:?} is not");
    }
}

/// A rule that is taken says what it says, and its own path is one that it opens.
fn read(text: &str) -> Option<PathRule<&str>> {
    let rule = PathRule::try_new(text).ok()?;
    assert_eq!(rule.as_str(), text);
    let again = rule.method().map_or(rule.path().to_owned(), |method| format!("{method} {}", rule.path()));
    assert_eq!(again, text);
    assert!(rule.path().starts_with('/'));
    assert!(rule.method().is_none_or(|method| method.bytes().all(|byte| byte.is_ascii_uppercase())));
    let method = rule.method().unwrap_or("GET");
    assert!(PathRules::new([rule].as_slice()).is_public(method, rule.path(), None), "{text:?} opens nothing");
    Some(rule)
}

/// Where does this path lead? A router, a browser and several kinds of proxy are asked; each rule that opens it must
/// have meant the place that they name.
fn routed_inside(rules: &[PathRule<&str>], method: &str, path: &str) {
    let opening = |rule: &&PathRule<&str>| rule.matches(method, path);
    let mut any = false;
    for rule in rules.iter().filter(opening) {
        any = true;
        let by_method = rule.method().is_none_or(|only| only == method || (only, method) == ("GET", "HEAD"));
        assert!(by_method, "{method:?} is not what {rule:?} speaks of");
        assert!(is_routed(rule.path(), path), "axum sends {path:?} elsewhere than {rule:?} says");
        for read in readings(path) {
            assert!(is_inside(rule.path(), &read), "{path:?} is public by {rule:?}, and may be read as {read:?}");
        }
    }
    assert!(any, "{path:?} is public by no rule");
}

/// A rule of a policy holds for whatever it would open, for nothing that leads out of what it names, and for all the rest
/// of that.
fn covered(rule: &PathRule<&str>, method: &str, path: &str) {
    let covers = rule.covers(method, path);
    assert!(covers || !rule.matches(method, path), "{rule:?} opens {path:?} and does not cover it");
    let decodings: Vec<_> = decodings(path).collect();
    if covers {
        let spelt_so = is_inside(rule.path(), path);
        assert!(spelt_so, "{rule:?} covers {path:?}");
        for read in &decodings {
            assert!(is_inside(rule.path(), &plain(read)), "{rule:?} covers {path:?}, which may be read as {read:?}");
        }
    } else if is_inside(rule.path(), path) && decodings.iter().all(|read| !read.contains("..") && !read.contains('%')) {
        let by_method = rule.covers(rule.method().unwrap_or(method), path);
        assert!(by_method && rule.method().is_some_and(|only| only != method), "{path:?} shakes {rule:?} off");
    }
}

/// A path and what it may be decoded to, again and again.
fn decodings(path: &str) -> impl Iterator<Item = String> {
    std::iter::successors(Some(path.to_owned()), |path| {
        let decoded = decode(path);
        (decoded != path.as_str()).then(|| decoded.into_owned())
    })
}

/// `/static/` means what is below it, `/` the root page alone, anything else itself.
fn is_inside(rule: &str, path: &str) -> bool {
    path == rule || (rule != "/" && rule.ends_with('/') && path.starts_with(rule))
}

/// Whether axum's router, which has a route for the rule and one for all the rest, takes the first.
fn is_routed(rule: &str, path: &str) -> bool {
    let mut router = matchit::Router::new();
    router.insert("/{*everything}", false).expect("a route");
    router.insert(rule, true).expect("a rule is no pattern");
    if rule != "/" && rule.ends_with('/') {
        router.insert(format!("{rule}{{*below}}"), true).expect("a rule is no pattern");
    }
    router.at(path).is_ok_and(|found| *found.value)
}

/// The paths that others may make of it.
fn readings(path: &str) -> Vec<String> {
    let decoded = decode(path);
    let mut readings = vec![path.to_owned(), decoded.to_string(), plain(path), plain(&decoded)];
    // Browsers, and proxies that normalise as they do: dot segments, also encoded ones, backslashes, tabs (WHATWG URL).
    for text in [path, &decoded] {
        // The `?` keeps a space at the end, which would be taken for white space around the URL.
        if let Ok(url) = Url::parse(&format!("http://a.example{}?", text.replace('?', "%3F").replace('#', "%23"))) {
            readings.push(decode(url.path()).into_owned());
        }
    }
    readings
}

/// RFC 3986 section 5.2.4 and what proxies do beside it: path parameters cut off, what follows a control character too,
/// repeated slashes merged.
fn plain(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let all: Vec<_> = path.split(['/', '\\']).skip(1).collect();
    for (i, segment) in all.iter().enumerate() {
        let segment = segment.split(|c: char| c == ';' || c.is_ascii_control()).next().unwrap_or_default();
        let last = i + 1 == all.len();
        match segment {
            "." | "" if !last => {}
            ".." => {
                segments.pop();
                if last {
                    segments.push("");
                }
            }
            "." => segments.push(""),
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_decode(text.as_bytes()).decode_utf8_lossy()
}

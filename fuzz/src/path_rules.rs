//! Paths: no path is public that anybody else on the way to the handler may read as another one, none that anybody may read as
//! a protected one is open, and nobody shakes a policy off but by leading elsewhere.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use sallet_core::paths::{PathRule, PathRules, RequestPath, is_preflight};
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
    let public: Vec<_> = rules.iter().filter_map(|rule| rule.for_public().ok()).collect();
    let public = PathRules::try_new(public.as_slice(), None, &[]).expect("each was asked");
    let is_public = |path: &RequestPath<'_>| public.access(method, path, false).is_open();
    let check = |path: &str| routed_inside(public.public_rules(), method, path);

    for path in [raw, other] {
        rules.iter().for_each(|rule| applied(rule, method, path));
    }

    // hyper, and the firmware: the router matches the path as it came.
    let path = raw.split('?').next().unwrap_or_default();
    let decoded = decode(path);
    let as_sent = is_public(&RequestPath::raw(raw.as_bytes()));
    if as_sent {
        check(&decoded);
    }
    // ASGI: the server decodes the path, the router matches that, and what came is known too. One verdict on every host.
    assert_eq!(as_sent, is_public(&RequestPath::decoded(&decoded, Some(raw.as_bytes()), "")), "{path:?}");
    // What came over the wire can only close, and closes where it is another path.
    let narrowed = is_public(&RequestPath::decoded(other, Some(raw.as_bytes()), ""));
    assert!(!narrowed || (is_public(&RequestPath::decoded(other, None, "")) && decoded == *other), "{other:?}");
    // A nest shows its router the end of the path.
    if is_public(&RequestPath::nested(raw.as_bytes(), other.as_bytes())) {
        let inner = other.split('?').next().unwrap_or_default();
        assert!(path.ends_with(inner) || inner == "/", "{path:?} does not end with {inner:?}");
        check(&decode(inner));
    }

    let protected: Vec<_> = rules.iter().filter_map(|rule| rule.for_all_methods().ok()).collect();
    if let Ok(shut) = PathRules::try_new(&[][..], Some(protected.as_slice()), &[]) {
        let is_open = |path: &RequestPath<'_>| shut.access(method, path, false).is_open();
        if is_open(&RequestPath::raw(raw.as_bytes())) {
            outside(&protected, path);
        }
        assert!(!preflight || !is_open(&RequestPath::raw(raw.as_bytes()).doubted()));
    }
}

/// A rule that is taken says what it says, and its own path is one that it opens.
fn read(text: &str) -> Option<PathRule<&str>> {
    let rule = PathRule::parse(text).ok()?;
    assert_eq!(rule.as_str(), text);
    let again = rule.method().map_or(rule.path().to_owned(), |method| format!("{method} {}", rule.path()));
    assert_eq!(again, text);
    assert!(rule.path().starts_with('/'));
    assert_eq!(rule.is_subtree(), rule.path().ends_with("/*"));
    assert!(rule.method().is_none_or(|method| method.bytes().all(|byte| byte.is_ascii_uppercase())));
    let (path, method) = (RequestPath::decoded(literal(&rule), None, ""), rule.method().unwrap_or("GET"));
    if let Ok(rules) = PathRules::try_new([rule].as_slice(), None, &[]) {
        assert!(rules.access(method, &path, false).is_open(), "{text:?} opens nothing");
    }
    if let Ok(rules) = PathRules::try_new([].as_slice(), Some(&[rule]), &[]) {
        assert!(!rules.access(method, &path, false).is_open(), "{text:?} protects nothing");
    }
    assert!(rule.applies(method, &path), "{text:?} applies to nothing");
    Some(rule)
}

/// Where does this path lead? A router, a browser and several kinds of proxy are asked; some rule must have meant the place
/// that they all name.
fn routed_inside(rules: &[PathRule<&str>], method: &str, path: &str) {
    let meant = |rule: &&PathRule<&str>| {
        rule.method().is_none_or(|only| only == method || (only, method) == ("GET", "HEAD"))
            && is_routed(rule, path)
            && readings(path).iter().all(|read| is_inside(rule, read))
    };
    assert!(rules.iter().any(|rule| meant(&rule)), "{path:?} is public, and no rule means it");
}

/// Whoever reads an open path, in whatever case, does not come to a protected one.
fn outside(rules: &[PathRule<&str>], path: &str) {
    for rule in rules {
        let stem = literal(rule).trim_end_matches('/').to_lowercase();
        for read in readings(path) {
            let read = read.to_lowercase();
            let below = read.strip_prefix(stem.as_str());
            assert!(!below.is_some_and(|below| below.is_empty() || below.starts_with('/')), "{path:?} is {rule:?}");
        }
    }
}

/// A rule of a policy holds for nothing that leads out of what it names, and for all the rest of that, however spelt.
fn applied(rule: &PathRule<&str>, method: &str, path: &str) {
    let path = path.split('?').next().unwrap_or_default();
    let Ok(once) = percent_decode(path.as_bytes()).decode_utf8() else { return };
    let applies = rule.applies(method, &RequestPath::raw(path.as_bytes()));
    let by_method = rule.method().is_none_or(|only| only == method || (only, method) == ("GET", "HEAD"));
    if rule.path() == "/*" || !by_method {
        assert_eq!(applies, by_method, "{rule:?} to {method:?} {path:?}");
        return;
    }
    let spelt_so = is_inside(rule, &normal(&once));
    let decodings: Vec<_> = decodings(&once).collect();
    if applies {
        assert!(spelt_so, "{rule:?} applies to {path:?}");
        for read in decodings.iter().filter(|_| rule.is_subtree()) {
            assert!(is_inside(rule, &plain(read)), "{rule:?} applies to {path:?}, which may be read as {read:?}");
        }
    } else if spelt_so {
        let elsewhere = decodings.iter().any(|read| read.contains("..") || read.contains('%'));
        assert!(rule.is_subtree() && elsewhere, "{path:?} shakes {rule:?} off");
    }
}

/// What a path must be, or begin with.
fn literal<'r>(rule: &'r PathRule<&str>) -> &'r str {
    if rule.is_subtree() { rule.path().trim_end_matches('*') } else { rule.path() }
}

/// Without parameters, each run of slashes one.
fn normal(path: &str) -> String {
    let mut normal = String::new();
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 && !normal.ends_with('/') {
            normal.push('/');
        }
        normal += segment.split(';').next().unwrap_or_default();
    }
    normal
}

/// A path and what it may be decoded to, again and again.
fn decodings(path: &str) -> impl Iterator<Item = String> {
    std::iter::successors(Some(path.to_owned()), |path| {
        let decoded = decode(path);
        (decoded != path.as_str()).then(|| decoded.into_owned())
    })
}

/// `/static/*` means what is below, anything else itself.
fn is_inside(rule: &PathRule<&str>, path: &str) -> bool {
    if rule.is_subtree() { path.starts_with(literal(rule)) } else { path == rule.path() }
}

/// Whether axum's router, which has a route for the rule and one for all the rest, takes the first.
fn is_routed(rule: &PathRule<&str>, path: &str) -> bool {
    let mut router = matchit::Router::new();
    router.insert("/{*everything}", false).expect("a route");
    let literal = literal(rule);
    router.insert(literal, true).expect("a rule is no pattern");
    if rule.is_subtree() {
        router.insert(format!("{literal}{{*below}}"), true).expect("not `/*`, which is no public rule");
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

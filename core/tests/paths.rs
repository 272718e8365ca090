//! Paths: the shared table, what is no rule, and the readings of a path that others may have.

use proptest::prelude::*;
use sallet_core::paths::{Access, ByPath, PathRule, PathRuleError, PathRules, RequestPath, is_preflight};
use serde_json::Value;

const TABLE: &str = include_str!("../../cases/paths.json");

fn rows(section: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let rows = table[section].as_array().unwrap().clone();
    assert!(rows.len() > 5, "{section}");
    rows
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn rules(value: &Value) -> Vec<PathRule<String>> {
    let list = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
    list.iter().map(|rule| PathRule::parse(text(rule).to_owned()).unwrap()).collect()
}

/// `None` where the rule is refused for that use.
fn public(rule: &Value, method: &str, path: &RequestPath<'_>) -> Option<bool> {
    Some(PathRules::try_new(rules(rule), None, vec![]).ok()?.access(method, path, false).is_open())
}

fn protected(rule: &Value, method: &str, path: &RequestPath<'_>) -> Option<bool> {
    Some(!PathRules::try_new(vec![], Some(rules(rule)), vec![]).ok()?.access(method, path, false).is_open())
}

fn policy(rule: &Value, method: &str, path: &RequestPath<'_>) -> bool {
    let entries: Vec<_> = rules(rule).into_iter().map(|rule| (rule, ())).collect();
    ByPath::new(entries).matching(method, path).next().is_some()
}

fn decode(raw: &str) -> String {
    let path = raw.split('?').next().unwrap();
    let mut bytes = path.as_bytes();
    let mut decoded = Vec::new();
    while let [first, rest @ ..] = bytes {
        let encoded = path.get(path.len() - rest.len()..).and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        match (first, encoded) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                bytes = &rest[2..];
            }
            _ => {
                decoded.push(*first);
                bytes = rest;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[test]
fn the_table_as_it_was_sent() {
    for row in rows("raw") {
        let path = RequestPath::raw(text(&row[2]).as_bytes());
        let (rule, method) = (&row[0], text(&row[1]));
        assert_eq!(public(rule, method, &path), row[3].as_bool(), "public: {row}");
        assert_eq!(protected(rule, method, &path), row[4].as_bool(), "protected: {row}");
        assert_eq!(Some(policy(rule, method, &path)), row[5].as_bool(), "policy: {row}");
    }
}

#[test]
fn the_table_as_it_is_decoded() {
    for row in rows("raw") {
        let (sent, path) = (text(&row[2]), decode(text(&row[2])));
        let path = RequestPath::decoded(&path, Some(sent.as_bytes()), "");
        let (rule, method) = (&row[0], text(&row[1]));
        assert_eq!(public(rule, method, &path), row[3].as_bool(), "public: {row}");
        assert_eq!(protected(rule, method, &path), row[4].as_bool(), "protected: {row}");
        assert_eq!(Some(policy(rule, method, &path)), row[5].as_bool(), "policy: {row}");
    }
}

#[test]
fn both_lists() {
    for row in rows("both") {
        let access = match (PathRules::try_new(rules(&row[0]), Some(rules(&row[1])), vec![]), row[3].is_null()) {
            (Ok(access), false) => access,
            (Err(PathRuleError::OpensNothing), true) => continue,
            (other, _) => panic!("{row}: {other:?}"),
        };
        let sent = text(&row[2]);
        let decoded = decode(sent);
        for path in [RequestPath::raw(sent.as_bytes()), RequestPath::decoded(&decoded, Some(sent.as_bytes()), "")] {
            assert_eq!(Some(access.access("GET", &path, false).is_open()), row[3].as_bool(), "{row}");
        }
    }
}

#[test]
fn a_root_path() {
    for row in rows("asgi") {
        let path = RequestPath::decoded(text(&row[1]), row[2].as_str().map(str::as_bytes), text(&row[3]));
        assert_eq!(public(&row[0], "GET", &path), row[4].as_bool(), "public: {row}");
        assert_eq!(protected(&row[0], "GET", &path), row[5].as_bool(), "protected: {row}");
    }
}

#[test]
fn a_nested_router() {
    for (section, is_nested) in [("nested", true), ("sent", false)] {
        for row in rows(section) {
            let (sent, inner) = (text(&row[1]).as_bytes(), text(&row[2]).as_bytes());
            let path = if is_nested { RequestPath::nested(sent, inner) } else { RequestPath::sent(sent, inner) };
            assert_eq!(public(&row[0], "GET", &path), row[3].as_bool(), "public: {section} {row}");
            assert_eq!(protected(&row[0], "GET", &path), row[4].as_bool(), "protected: {section} {row}");
        }
    }
}

#[test]
fn what_is_no_rule() {
    for row in rows("refused") {
        assert!(PathRule::parse(text(&row)).is_err(), "{row}");
    }
    let error = |rule: &'static str| PathRule::parse(rule).unwrap_err();
    for (rule, why) in [
        ("docs", PathRuleError::Start),
        ("/items/{id}", PathRuleError::Pattern),
        ("/*/x", PathRuleError::Pattern),
        ("/x?y", PathRuleError::Query),
        ("/a%20b", PathRuleError::Encoded),
        ("/admin ", PathRuleError::Blank),
        ("/a//b", PathRuleError::Unreachable),
    ] {
        assert_eq!(error(rule), why, "{rule:?}");
    }
    assert_eq!(PathRule::new("GET /*").for_public(), Err(PathRuleError::OpensAll));
    assert_eq!(PathRule::new("GET /x").for_all_methods(), Err(PathRuleError::Method));
    let none = Vec::<PathRule>::new;
    assert_eq!(PathRules::try_new(none(), Some(none()), none()), Err(PathRuleError::NothingProtected));
    let get = || vec![PathRule::new("GET /x")];
    assert_eq!(PathRules::try_new(none(), None, get()), Err(PathRuleError::Method));
}

#[test]
fn parts_of_a_rule() {
    let rule = PathRule::new("GET /items/*");
    assert_eq!((rule.method(), rule.path(), rule.as_str()), (Some("GET"), "/items/*", "GET /items/*"));
    assert!(rule.is_subtree() && !PathRule::new("/items/").is_subtree());
    assert_eq!((PathRule::new("/x").method(), PathRule::new("/x").path()), (None, "/x"));
}

/// Swapping what stands in a table changes nothing.
#[test]
fn the_most_exact_rule() {
    let order = ["/a/b/*", "/a/b", "HEAD /a/", "GET /a/", "/a/", "GET /a/*", "/a/*", "GET /*", "/*"];
    for turned in 0..order.len() {
        let mut entries: Vec<_> = order.iter().map(|rule| (PathRule::new(rule), *rule)).collect();
        entries.rotate_left(turned);
        let by_path = ByPath::new(entries);
        assert_eq!(by_path.entries().iter().map(|(_, rule)| *rule).collect::<Vec<_>>(), order);
        let chosen = |method, path: &'static str| {
            by_path.matching(method, &RequestPath::raw(path.as_bytes())).copied().collect::<Vec<_>>()
        };
        assert_eq!(chosen("HEAD", "/a/"), ["HEAD /a/", "GET /a/", "/a/", "GET /a/*", "/a/*", "GET /*", "/*"]);
        assert_eq!(chosen("POST", "//a/b/;x/y"), ["/a/b/*", "/a/*", "/*"]);
    }
}

#[test]
fn preflights() {
    assert!(is_preflight("OPTIONS", true, true));
    for (method, origin, asked) in [
        ("OPTIONS", true, false),
        ("OPTIONS", false, true),
        ("OPTIONS", false, false),
        ("GET", true, true),
        ("options", true, true),
    ] {
        assert!(!is_preflight(method, origin, asked));
    }
    const NONE: PathRules = PathRules::NONE;
    const SOME: PathRules = PathRules::NONE.preflights(&[PathRule::new("/api/*")]);
    const ALL: PathRules = PathRules::NONE.preflights(&[PathRule::new("/*")]);
    let open = |rules: PathRules, path: &str, preflight| {
        rules.access("OPTIONS", &RequestPath::raw(path.as_bytes()), preflight).is_open()
    };
    assert!(!open(NONE, "/api/x", true));
    assert!(open(SOME, "/api/x", true) && !open(SOME, "/x", true) && !open(SOME, "/api/x", false));
    assert!(open(ALL, "/x", true) && !open(ALL, "/x", false) && !open(ALL, "/x;y", true));
}

#[test]
fn doubt_is_told_from_a_plain_no() {
    const RULES: PathRules = PathRules::new(&[PathRule::new("/health")]);
    let access = |path: RequestPath<'_>| RULES.access("GET", &path, false);
    assert_eq!(access(RequestPath::raw(b"/health")), Access::Open);
    assert_eq!(access(RequestPath::raw(b"/health").doubted()), Access::Doubtful);
    assert_eq!(access(RequestPath::raw(b"/%68ealth")), Access::Doubtful);
    assert_eq!(access(RequestPath::nested(b"/v1//health", b"/health")), Access::Doubtful);
    assert_eq!(access(RequestPath::raw(b"/other")), Access::Guarded);
}

/// What a router or a file system makes of a path, after a proxy may have decoded it once more.
fn resolve(path: &str) -> Vec<String> {
    let decoded = decode(&decode(path));
    let mut out = vec![];
    for segment in decoded.replace('\\', "/").split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            segment => out.push(segment.to_owned()),
        }
    }
    out
}

const OPEN: PathRules = PathRules::new(&[PathRule::new("/pub/*")]);
const SHUT: PathRules = PathRules::NONE.protected(&[PathRule::new("/pub/*")]);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// However a path is bent, nothing outside `/pub` is reached through the rule that opens `/pub/*`, and nothing inside
    /// without credentials where `/pub` is protected.
    #[test]
    fn no_way_out_of_a_subtree_and_none_in(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "/", "..", ".", "a", "pub", "PUB", "admin", "%2e", "%2f", "%2F", "%5c", "\\", ";", "//", "/../", "%", "%25", "%70",
            ]),
            0..8,
        ),
        below in any::<bool>(),
    ) {
        let path = format!("/{}{}", if below { "pub/" } else { "" }, pieces.concat());
        let request = RequestPath::raw(path.as_bytes());
        let is_inside = resolve(&path).first().is_some_and(|first| first.eq_ignore_ascii_case("pub"));
        let open = |rules: PathRules| rules.access("GET", &request, false).is_open();
        prop_assert!(!open(OPEN) || is_inside, "{}", path);
        prop_assert!(!is_inside || !open(SHUT), "{}", path);
    }

    #[test]
    fn an_exact_rule_opens_one_path(path in "/?[a-z./%;-]{0,12}") {
        const RULES: PathRules = PathRules::new(&[PathRule::new("/health")]);
        let access = RULES.access("GET", &RequestPath::raw(path.as_bytes()), false);
        prop_assert_eq!(access.is_open(), path == "/health");
    }

    /// Decoding hosts and hosts that route on what was sent say the same.
    #[test]
    fn hosts_agree(path in "/[a-b/.%;2-5fFé]{0,10}", method in prop::sample::select(vec!["", "GET", "HEAD", "POST"])) {
        let decoded = decode(&path);
        let (raw, asgi) = (RequestPath::raw(path.as_bytes()), RequestPath::decoded(&decoded, Some(path.as_bytes()), ""));
        const SOME: PathRules = PathRules::new(&[PathRule::new("/a"), PathRule::new("GET /b/*")]);
        for rules in [SOME, SOME.protected(const { &[PathRule::new("/a"), PathRule::new("/b")] })] {
            prop_assert_eq!(rules.access(method, &raw, false), rules.access(method, &asgi, false));
        }
    }
}

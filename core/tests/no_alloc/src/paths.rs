use sallet_core::paths::*;

use crate::{prints, speaks, unknown};

static BY_PATH: ByPath<&[(PathRule, u8)]> =
    ByPath::in_order(&[(PathRule::new("/docs/*"), 1), (PathRule::new("/*"), 0)]);

pub fn works() -> bool {
    rules() && requests() && policies() && errors()
}

fn rules() -> bool {
    static RULES: PathRules = PathRules::new(&[PathRule::new("GET /items"), PathRule::new("/static/*")])
        .protected(&[PathRule::new("/*")])
        .preflights(&[PathRule::new("/api/*")]);
    let Ok(rule) = PathRule::parse(unknown("GET /items")) else { return false };
    let path = RequestPath::raw(unknown("/static/app.js").as_bytes());
    PathRule::method(&rule) == Some("GET")
        && PathRule::path(&rule) == "/items"
        && PathRule::as_str(&rule) == "GET /items"
        && !PathRule::is_subtree(&rule)
        && PathRule::exactness(&rule) == (6, 1, 1)
        && rule.for_public().is_ok()
        && rule.for_all_methods().is_err()
        && Access::is_open(RULES.access(unknown("GET"), &path, false))
        && RULES.access(unknown("GET"), &path.doubted(), false) == Access::Doubtful
        && PathRules::public_rules(&RULES).len() == 2
        && PathRules::protected_rules(&RULES).is_some_and(|rules| rules.len() == 1)
        && PathRules::preflight_rules(&RULES).len() == 1
        && PathRules::NONE.public_rules().is_empty()
        && PathRules::try_new([rule].as_slice(), None, [].as_slice()).is_ok()
        && is_preflight(unknown("OPTIONS"), true, true)
}

fn requests() -> bool {
    let path = unknown("/v1/health");
    let mounted = RequestPath::decoded(path, Some(path.as_bytes()), unknown("/v1"));
    let nested = RequestPath::nested(path.as_bytes(), unknown("/health").as_bytes());
    let sent = RequestPath::sent(path.as_bytes(), unknown("/health").as_bytes());
    mounted.routed() == b"/health"
        && mounted.carries_root()
        && mounted.is_certain()
        && nested.is_plain()
        && nested.agrees()
        && sent.routed() == path.as_bytes()
}

fn policies() -> bool {
    let path = RequestPath::raw(unknown("//docs;x/y").as_bytes());
    let mut owned = [(PathRule::new("/*"), 0), (PathRule::new("/docs/*"), 1)];
    let sorted = ByPath::new(owned.as_mut_slice());
    BY_PATH.matching(unknown("GET"), &path).eq(&[1, 0])
        && sorted.entries().len() == 2
        && PathRule::new("/docs/*").applies(unknown("GET"), &path)
}

fn errors() -> bool {
    [
        PathRuleError::Start,
        PathRuleError::Pattern,
        PathRuleError::Query,
        PathRuleError::Encoded,
        PathRuleError::Blank,
        PathRuleError::Unreachable,
        PathRuleError::OpensAll,
        PathRuleError::OpensNothing,
        PathRuleError::Method,
        PathRuleError::NothingProtected,
    ]
    .iter()
    .all(|&error| speaks(error) && prints(error, PathRuleError::message(error)))
        && [Access::Open, Access::Guarded].iter().filter(|access| access.is_open()).count() == 1
}

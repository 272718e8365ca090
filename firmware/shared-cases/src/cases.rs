//! The table, as constants.

use sallet_core::auth::{AuthScheme, Key, Realm, Refusal, Requirement, Scopes};
use sallet_core::paths::{ByPath, PathRule, PathRules};
use sallet_core::{Scheme, SecurityHeaders, Template, const_block, const_template, digest_hex};
use sallet_firmware::answer::Answer;
use sallet_firmware::refused::COUNT;
use sallet_firmware::{const_text, refused};

include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// One case of `cases/headers.json`.
pub(crate) struct HeadersCase {
    pub(crate) status: u16,
    /// The status line and the app's own fields.
    pub(crate) start: &'static [u8],
    pub(crate) policy: Plan,
    pub(crate) paths: ByPath<&'static [(PathRule, Plan)]>,
}

macro_rules! headers_case {
    ($status:literal, $start:literal, $policy:expr, [$($path:expr,)*]) => {
        HeadersCase { status: $status, start: $start.as_bytes(), policy: $policy, paths: ByPath::in_order(&[$($path),*]) }
    };
}
use headers_case;

/// What a response carries.
#[derive(Clone, Copy)]
pub(crate) enum Plan {
    Block(&'static str),
    Page(&'static Template<'static>),
}

macro_rules! block {
    ($preset:ident $scheme:ident $changes:expr) => {
        Plan::Block(const_block!(changed(SecurityHeaders::$preset, &$changes).over(Scheme::$scheme)))
    };
}
use block;

macro_rules! page {
    ($preset:ident $scheme:ident $changes:expr) => {{
        static PAGE: Template<'_> = const_template!(changed(SecurityHeaders::$preset, &$changes).over(Scheme::$scheme));
        Plan::Page(&PAGE)
    }};
}
use page;

/// One case of `cases/auth.json`.
pub(crate) struct AuthCase {
    pub(crate) need: Requirement,
    pub(crate) rules: PathRules,
    pub(crate) refused: &'static [Answer; COUNT],
}

macro_rules! auth_case {
    ($realm:literal, $scopes:literal, [$($public:expr,)*], [$($preflights:expr,)*]) => {{
        const NEED: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new($realm), Scopes::new($scopes));
        AuthCase {
            need: NEED,
            rules: PathRules::new(&[$($public),*]).preflights(&[$($preflights),*]),
            refused: refused!(NEED, &Refusal::FIELDS, ""),
        }
    }};
}
use auth_case;

/// One row of `cases/paths.json`; `None` where the rule is refused for that use.
pub(crate) struct PathsCase {
    pub(crate) rule: PathRule,
    pub(crate) method: &'static str,
    pub(crate) public: Option<PathRules>,
    pub(crate) protected: Option<PathRules>,
}

/// An app that says whom it sees.
macro_rules! admitted {
    ($key:literal) => {{
        const KEY: Key = KEYS[$key];
        const BODY: &[u8] = const_text!(out => {
            out.put(KEY.id.as_bytes());
            out.put(b"/");
            out.put(KEY.principal.as_bytes());
        });
        let start = const_text!(out => {
            out.put(b"HTTP/1.1 200 OK\r\ncontent-length: ");
            out.put_decimal(BODY.len() as u64);
            out.put(b"\r\n");
        });
        Answer { key: Some(KEY.id), ..Answer::fixed(200, start, "", BODY) }
    }};
}
use admitted;

/// A preset with changes, by the names of the headers and their text.
const fn changed<'a>(mut policy: SecurityHeaders<'a>, changes: &[(&str, Option<&'a str>)]) -> SecurityHeaders<'a> {
    let mut at = 0;
    while at < changes.len() {
        let changed = match changes[at] {
            (name, Some(value)) => policy.with(name, value),
            (name, None) => policy.without(name),
        };
        policy = match changed {
            Ok(policy) => policy,
            Err(error) => panic!("{}", error.message()),
        };
        at += 1;
    }
    policy
}

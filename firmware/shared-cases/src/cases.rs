//! The table, as constants.

use sallet_core::auth::{Alternatives, AuthScheme, Key, PlaceName, Realm, Requirement, ResourceMetadata, Scopes};
use sallet_core::merge::{MergeRules, Precedence};
use sallet_core::paths::{ByPath, PathRule, PathRules};
use sallet_core::{CustomField, Scheme, SecurityHeaders, Template, const_block, const_template, digest_hex};

include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// One case of `cases/headers.json`.
pub(crate) struct HeadersCase {
    pub(crate) status: u16,
    pub(crate) scheme: Scheme,
    /// The status line and the length.
    pub(crate) head: &'static [u8],
    /// The same, and the app's own fields.
    pub(crate) start: &'static [u8],
    pub(crate) app: &'static [(&'static str, &'static str)],
    pub(crate) layer: Layer,
    pub(crate) paths: ByPath<&'static [(PathRule, &'static Plan)]>,
    pub(crate) inside: Option<Layer>,
}

/// A policy, and how it meets what comes from further in.
pub(crate) struct Layer {
    pub(crate) plan: &'static Plan,
    pub(crate) precedence: Precedence,
    pub(crate) remove: &'static [&'static str],
}

/// What a response carries.
pub(crate) struct Plan {
    pub(crate) policy: SecurityHeaders<'static>,
    /// The same in flash, for responses without a field that matters.
    pub(crate) text: Text,
}

#[derive(Clone, Copy)]
pub(crate) enum Text {
    Block(&'static str),
    Page(&'static Template<'static>),
}

macro_rules! headers_case {
    ($status:literal, $scheme:ident, $head:literal, $start:literal, $app:expr, $layer:expr, [$($path:expr,)*], $inside:expr) => {
        HeadersCase {
            status: $status,
            scheme: Scheme::$scheme,
            head: $head.as_bytes(),
            start: $start.as_bytes(),
            app: &$app,
            layer: $layer,
            paths: ByPath::in_order(&[$($path),*]),
            inside: $inside,
        }
    };
}
use headers_case;

macro_rules! layer {
    ($plan:expr, $precedence:ident, $remove:expr) => {
        Layer { plan: $plan, precedence: Precedence::$precedence, remove: $remove }
    };
}
use layer;

macro_rules! block {
    ($preset:ident $scheme:ident $changes:tt $custom:tt) => {{
        const POLICY: SecurityHeaders<'static> =
            changed(SecurityHeaders::$preset, &$changes).custom(&$custom).over(Scheme::$scheme);
        const PLAN: Plan = Plan { policy: POLICY, text: Text::Block(const_block!(POLICY)) };
        &PLAN
    }};
}
use block;

macro_rules! page {
    ($preset:ident $scheme:ident $changes:tt $custom:tt) => {{
        const POLICY: SecurityHeaders<'static> =
            changed(SecurityHeaders::$preset, &$changes).custom(&$custom).over(Scheme::$scheme);
        static PAGE: Template<'_> = const_template!(POLICY);
        static PLAN: Plan = Plan { policy: POLICY, text: Text::Page(&PAGE) };
        &PLAN
    }};
}
use page;

/// One case of `cases/auth.json`.
pub(crate) struct AuthCase {
    pub(crate) needs: Alternatives,
    pub(crate) rules: PathRules,
    /// What the app tells caches.
    pub(crate) caching: &'static [(&'static str, &'static str)],
}

macro_rules! auth_case {
    ([$($need:expr,)*], [$($public:expr,)*], [$($preflights:expr,)*], $caching:expr) => {
        AuthCase {
            needs: Alternatives::new(&[$($need),*]),
            rules: PathRules::new(&[$($public),*]).preflights(&[$($preflights),*]),
            caching: &$caching,
        }
    };
}
use auth_case;

/// One row of `cases/paths.json`; `None` where the rule is refused for that use.
pub(crate) struct PathsCase {
    pub(crate) rule: PathRule,
    pub(crate) method: &'static str,
    pub(crate) public: Option<PathRules>,
    pub(crate) protected: Option<PathRules>,
}

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

//! Paths: which rule applies to a request, and whether the request needs credentials.
//!
//! A [`PathRule`] is **exact** unless it ends with `/*`, which means everything below: `/items/*` covers `/items/` and
//! `/items/1/x`, not `/items`. A method may stand in front (`GET /items`); `HEAD` counts as `GET` (RFC 9110 section 9.3.2).
//! Rules are written decoded: `/café`, not `/caf%C3%A9`.
//!
//! One grammar, three questions, each with its own safe default:
//!
//! | Question | Asked by | Yes for |
//! |---|---|---|
//! | is it *public*? | [`PathRules::access`] | a plain path that a rule matches and that guard and router see alike |
//! | is it *protected*? | [`PathRules::access`] | a path that a rule covers in any reading, and every path that is in doubt |
//! | which *policy*? | [`ByPath`] | a path that a rule matches, whatever `//`, `;x` or encoding a client adds |
//!
//! # Plain
//!
//! A path is plain when nobody on its way can read it as another one: it has no `//`, no `.` or `..` segment, no `;`,
//! backslash or control character, and every percent-encoding in it is one that RFC 3986 requires: a byte outside `pchar`
//! (section 3.3), in UTF-8, with capital digits (section 2.1), and never `%2F`, `%5C` or `%25`; and such a byte comes encoded. `/caf%C3%A9` is plain and matches
//! `/café`. `/%68ealth` and `/caf%c3%a9` are not: they mean `/health` and `/café`, but a router that compares what was sent
//! takes them for other paths.
//!
//! ```
//! use sallet_core::paths::{PathRule, PathRules, RequestPath};
//!
//! const RULES: PathRules = PathRules::new(&[PathRule::new("/health"), PathRule::new("GET /static/*")]);
//! let is_open = |method, path: &str| RULES.access(method, &RequestPath::raw(path.as_bytes()), false).is_open();
//! assert!(is_open("GET", "/static/app.js"));
//! assert!(!is_open("POST", "/static/app.js"));
//! assert!(!is_open("GET", "/static/..%2Fadmin"));
//! assert!(!is_open("GET", "/healthz"));
//! ```

mod by_path;
mod plain;
mod request_path;
mod rule;
mod rules;

pub use by_path::ByPath;
pub use request_path::RequestPath;
pub use rule::{PathRule, PathRuleError};
pub use rules::{Access, PathRules, is_preflight};

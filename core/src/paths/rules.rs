//! Who needs credentials.

use core::ops::Deref;

use super::{PathRule, PathRuleError, RequestPath};
use crate::grammar;

/// The rules of one guard: which paths are public, which are protected, and where CORS preflights pass.
///
/// - Without protected paths everything is guarded, and *public* rules open.
/// - With them only those are guarded, and *public* rules open exceptions inside: a public rule wins where its path is longer
///   than that of every protected rule that covers the request.
///
/// A **public** rule opens a path only when that is plain and everybody sees the same one ([`RequestPath::is_certain`]).
/// A **protected** rule covers its path, that path with a slash, and everything below, with or without `/*`, letters compared
/// without case, in every reading of the path; and a path that is not certain is protected whatever the rules say.
///
/// ```
/// use sallet_core::paths::{Access, PathRule, PathRules, RequestPath};
///
/// const RULES: PathRules =
///     PathRules::new(&[PathRule::new("/api/health")]).protected(&[PathRule::new("/api/*")]);
/// let access = |path: &str| RULES.access("GET", &RequestPath::raw(path.as_bytes()), false);
/// assert_eq!(access("/index.html"), Access::Open);
/// assert_eq!(access("/api/items"), Access::Guarded);
/// assert_eq!(access("/API"), Access::Guarded);
/// assert_eq!(access("/api/health"), Access::Open);
/// assert_eq!(access("/index.html;x"), Access::Doubtful);
/// ```
///
/// What opens everything, or protects nothing, does not compile:
///
/// ```compile_fail,E0080
/// # use sallet_core::paths::{PathRule, PathRules};
/// const ALL: PathRules = PathRules::new(&[PathRule::new("/*")]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRules<R = &'static [PathRule]> {
    public: R,
    protected: Option<R>,
    preflights: R,
}

/// What the rules say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It needs no credentials.
    Open,
    /// It needs credentials.
    Guarded,
    /// It needs credentials only because its path is in doubt: not plain, or not the same for everybody. A plain one that
    /// reads like it would be open. Worth a line in the log, for a proxy or a mount may be set up wrongly.
    Doubtful,
}

impl Access {
    /// Whether the request needs no credentials.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }
}

impl PathRules {
    /// No public path, everything guarded.
    pub const NONE: Self = Self::new(&[]);

    /// These paths are public.
    ///
    /// # Panics
    /// When a rule is `/*`; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(public: &'static [PathRule]) -> Self {
        let mut i = 0;
        while i < public.len() {
            if public[i].is_everything_const() {
                panic!("{}", PathRuleError::OpensAll.message());
            }
            i += 1;
        }
        Self { public, protected: None, preflights: &[] }
    }

    /// Only these paths are guarded.
    ///
    /// # Panics
    /// When there is no rule, or one has a method; in a `const` that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn protected(self, rules: &'static [PathRule]) -> Self {
        if rules.is_empty() {
            panic!("{}", PathRuleError::NothingProtected.message());
        }
        Self { protected: Some(without_methods(rules)), ..self }
    }

    /// CORS preflights to these paths pass; `/*` names every path.
    ///
    /// # Panics
    /// When a rule has a method; in a `const` that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn preflights(self, rules: &'static [PathRule]) -> Self {
        Self { preflights: without_methods(rules), ..self }
    }
}

#[track_caller]
const fn without_methods(rules: &'static [PathRule]) -> &'static [PathRule] {
    let mut i = 0;
    while i < rules.len() {
        if rules[i].has_method_const() {
            panic!("{}", PathRuleError::Method.message());
        }
        i += 1;
    }
    rules
}

impl<R, S> PathRules<R>
where
    R: Deref<Target = [PathRule<S>]>,
    S: AsRef<str>,
{
    /// The rules of a configuration; `protected` is `None` where everything is guarded.
    ///
    /// To name the rule that is wrong, ask each one before: [`PathRule::for_public`], [`PathRule::for_all_methods`].
    ///
    /// # Errors
    /// [`PathRuleError`] when a public rule is `/*` or opens nothing inside of a protected one, another one has a method, or
    /// `protected` is there and empty.
    pub fn try_new(public: R, protected: Option<R>, preflights: R) -> Result<Self, PathRuleError> {
        if public.iter().any(PathRule::is_everything) {
            return Err(PathRuleError::OpensAll);
        }
        if protected.as_ref().is_some_and(|rules| rules.is_empty()) {
            return Err(PathRuleError::NothingProtected);
        }
        if let Some(shut) = &protected
            && public.iter().any(|rule| opens_nothing(rule, shut))
        {
            return Err(PathRuleError::OpensNothing);
        }
        let others = protected.iter().flat_map(|rules| rules.iter()).chain(preflights.iter());
        if others.into_iter().any(|rule| rule.method().is_some()) {
            return Err(PathRuleError::Method);
        }
        Ok(Self { public, protected, preflights })
    }

    /// The public rules, in the order given.
    pub fn public_rules(&self) -> &[PathRule<S>] {
        &self.public
    }

    /// The protected rules, in the order given; `None` where everything is guarded.
    pub fn protected_rules(&self) -> Option<&[PathRule<S>]> {
        self.protected.as_deref()
    }

    /// The rules of paths whose preflights pass, in the order given.
    pub fn preflight_rules(&self) -> &[PathRule<S>] {
        &self.preflights
    }

    /// Whether a request needs credentials. `method` is empty for a WebSocket; `preflight` is what [`is_preflight`] says.
    pub fn access(&self, method: &str, path: &RequestPath<'_>, preflight: bool) -> Access {
        let guarded = self.protected.as_deref().map(|rules| covered(rules, path));
        let by_rule = match guarded {
            // Only some paths are guarded, and this is none of them.
            Some(None) => true,
            Some(Some(longest)) => self.public.iter().any(|rule| length(rule) > longest && rule.names(method, path)),
            None => self.public.iter().any(|rule| rule.names(method, path)),
        };
        let by_preflight = || preflight && self.preflights.iter().any(|rule| rule.names(method, path));
        if !by_rule && !by_preflight() {
            Access::Guarded
        } else if path.is_certain() {
            Access::Open
        } else {
            Access::Doubtful
        }
    }
}

/// Whether one of the protected rules wins over this public one wherever it applies.
fn opens_nothing<S: AsRef<str>>(rule: &PathRule<S>, protected: &[PathRule<S>]) -> bool {
    let path = RequestPath::decoded(rule.literal(), None, "");
    covered(protected, &path).is_some_and(|longest| longest >= length(rule))
}

/// The length of the longest protected rule that covers the path.
fn covered<S: AsRef<str>>(rules: &[PathRule<S>], path: &RequestPath<'_>) -> Option<usize> {
    rules.iter().filter(|rule| path.any_reading_is_within(rule.stem())).map(length).max()
}

/// What is compared where a public and a protected rule apply to one path: a `/*` or a slash at the end makes no rule longer,
/// but the root page is inside of `/*`.
fn length<S: AsRef<str>>(rule: &PathRule<S>) -> usize {
    if rule.path() == "/" { 1 } else { rule.stem().len() }
}

/// Whether a request is the question a browser asks before a cross-origin request (Fetch, section 4.8).
///
/// It carries no credentials. Code behind a guard that answers CORS can see it only where the rules let preflights pass. A
/// plain `OPTIONS` is not one.
pub const fn is_preflight(method: &str, has_origin: bool, has_request_method: bool) -> bool {
    grammar::eq(method, "OPTIONS") && has_origin && has_request_method
}

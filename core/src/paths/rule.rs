//! One rule: a method or none, and a path.

use super::RequestPath;
use super::plain::has_plain_segments;
use crate::grammar;

/// One rule: `/health` that path alone, `/static/*` everything below it, `GET /items` one method only.
///
/// ```text
/// rule   = [ method SP ] path
/// method = 1*ALPHA            ; in capitals
/// path   = "/" … [ "/*" ]     ; decoded: no "%", "?", "#", and no "*", "{" or "}" but the last "/*"
/// ```
///
/// - **Exact** unless it ends with `/*`. `/items` does not match `/items/`, and `/items/` not `/items/1`.
/// - `/items/*` matches `/items/` and everything below, not `/items`. `/*` is every path.
/// - A method restricts the rule to it; `GET` includes `HEAD` (RFC 9110 section 9.3.2). A WebSocket has no method and is
///   matched only by a rule without one.
///
/// What it matches depends on the question: see [`paths`](super).
///
/// ```
/// use sallet_core::paths::PathRule;
/// const STATIC: PathRule = PathRule::new("GET /static/*");
/// assert_eq!((STATIC.method(), STATIC.path(), STATIC.is_subtree()), (Some("GET"), "/static/*", true));
/// ```
///
/// ```compile_fail,E0080
/// # use sallet_core::paths::PathRule;
/// const ITEM: PathRule = PathRule::new("/items/{id}");
/// // error[E0080]: evaluation panicked: a path rule has no parameters and no wildcards: write the path, or end it …
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRule<S = &'static str> {
    rule: S,
    /// Where the path starts: after the method and its space.
    path: usize,
}

impl<'a> PathRule<&'a str> {
    /// A rule for a `const`.
    ///
    /// # Panics
    /// For every reason for which [`PathRule::parse`] fails; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(rule: &'a str) -> Self {
        match path_start(rule) {
            Ok(path) => Self { rule, path },
            Err(error) => panic!("{}", error.message()),
        }
    }

    pub(super) const fn const_exactness(&self) -> (usize, u8, u8) {
        exactness(self.rule, self.path)
    }

    pub(super) const fn is_everything_const(&self) -> bool {
        grammar::eq(grammar::slice(self.rule, self.path, self.rule.len()), "/*")
    }

    pub(super) const fn has_method_const(&self) -> bool {
        self.path > 0
    }
}

impl<S: AsRef<str>> PathRule<S> {
    /// A rule from a configuration.
    ///
    /// # Errors
    /// [`PathRuleError`] when the rule could never match a path, or means something other than it says.
    pub fn parse(rule: S) -> Result<Self, PathRuleError> {
        let path = path_start(rule.as_ref())?;
        Ok(Self { rule, path })
    }

    /// The same rule with a string of its own, such as a `String`.
    pub fn owned<T: for<'t> From<&'t str>>(&self) -> PathRule<T> {
        PathRule { rule: self.rule.as_ref().into(), path: self.path }
    }

    /// Only if it may be a rule of public paths.
    ///
    /// # Errors
    /// [`PathRuleError::OpensAll`] for `/*`.
    pub fn for_public(self) -> Result<Self, PathRuleError> {
        if self.is_everything() { Err(PathRuleError::OpensAll) } else { Ok(self) }
    }

    /// Only if it may be a rule of protected paths, or of paths whose preflights pass.
    ///
    /// # Errors
    /// [`PathRuleError::Method`] for a rule with a method.
    pub fn for_all_methods(self) -> Result<Self, PathRuleError> {
        if self.path > 0 { Err(PathRuleError::Method) } else { Ok(self) }
    }

    /// The rule as it was written.
    pub fn as_str(&self) -> &str {
        self.rule.as_ref()
    }

    /// The method the rule is restricted to.
    pub fn method(&self) -> Option<&str> {
        self.rule.as_ref().get(..self.path)?.strip_suffix(' ')
    }

    /// The path, without the method, `/*` included.
    pub fn path(&self) -> &str {
        self.rule.as_ref().get(self.path..).unwrap_or_default()
    }

    /// Whether the rule ends with `/*`.
    pub fn is_subtree(&self) -> bool {
        self.path().ends_with("/*")
    }

    /// How exact the rule is: of several that match, the greatest applies. A longer path beats a shorter one (`/a/b/*` over
    /// `/a/*`), then an exact one a subtree (`/a/` over `/a/*`), then a method beats none, then any other beats `GET`, which
    /// includes `HEAD`.
    pub fn exactness(&self) -> (usize, u8, u8) {
        exactness(self.rule.as_ref(), self.path)
    }

    pub(super) fn is_everything(&self) -> bool {
        self.path() == "/*"
    }

    /// The path without its `*`: what a path must be or, for a subtree, begin with.
    pub(super) fn literal(&self) -> &str {
        let path = self.path();
        if self.is_subtree() { path.strip_suffix('*').unwrap_or(path) } else { path }
    }

    /// The path without a slash or `/*` at its end: what a *protected* rule covers, with all that is below. `/` and `/*` have
    /// none.
    pub(super) fn stem(&self) -> &str {
        let literal = self.literal();
        literal.strip_suffix('/').unwrap_or(literal)
    }

    pub(super) fn takes(&self, method: &str) -> bool {
        self.method().is_none_or(|only| only == method || (only == "GET" && method == "HEAD"))
    }

    /// Whether a plain path on which guard and router agree is one that this rule names.
    pub(super) fn names(&self, method: &str, path: &RequestPath<'_>) -> bool {
        self.takes(method) && path.begins_with(self.literal(), !self.is_subtree())
    }

    /// Whether this is the rule of a policy for the request: its path, or one below it, however spelt.
    ///
    /// `//`, `;x` and encodings do not take a path out of what the rule names, or any client could shake a policy off. A
    /// `..` segment may lead elsewhere, encoded however often, so that such a path is below nothing but `/*`.
    pub fn applies(&self, method: &str, path: &RequestPath<'_>) -> bool {
        self.takes(method) && (self.is_everything() || path.normal_begins_with(self.literal(), !self.is_subtree()))
    }
}

const fn exactness(rule: &str, path: usize) -> (usize, u8, u8) {
    let bytes = rule.as_bytes();
    let method = if path == 0 {
        0
    } else if grammar::eq(grammar::slice(rule, 0, path), "GET ") {
        1
    } else {
        2
    };
    let len = bytes.len() - path;
    // A `*` is a rule's last byte only where it ends with `/*`.
    if bytes[bytes.len() - 1] == b'*' { (len - 1, 0, method) } else { (len, 1, method) }
}

const fn path_start(rule: &str) -> Result<usize, PathRuleError> {
    let bytes = rule.as_bytes();
    let mut start = 0;
    while start < bytes.len() && bytes[start].is_ascii_uppercase() {
        start += 1;
    }
    if start > 0 {
        if start == bytes.len() || bytes[start] != b' ' {
            return Err(PathRuleError::Start);
        }
        start += 1;
    }
    if start == bytes.len() || bytes[start] != b'/' {
        return Err(PathRuleError::Start);
    }
    // `/*` at the very end is the one place of a star.
    let end = match bytes {
        [.., b'/', b'*'] => bytes.len() - 1,
        [.., b' '] => return Err(PathRuleError::Blank),
        _ => bytes.len(),
    };
    let mut i = start;
    while i < end {
        match bytes[i] {
            b'*' | b'{' | b'}' => return Err(PathRuleError::Pattern),
            b'?' | b'#' => return Err(PathRuleError::Query),
            b'%' => return Err(PathRuleError::Encoded),
            0..=0x1f | 0x7f => return Err(PathRuleError::Unreachable),
            // U+0080 to U+009F, the controls of the second hundred.
            0xc2 if matches!(bytes[i + 1], 0x80..=0x9f) => return Err(PathRuleError::Unreachable),
            _ => {}
        }
        i += 1;
    }
    if has_plain_segments(grammar::slice(rule, start, end).as_bytes()) {
        Ok(start)
    } else {
        Err(PathRuleError::Unreachable)
    }
}

/// Why a text is not a path rule, or not one for this use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathRuleError {
    /// Neither a path nor a method and a path.
    Start,
    /// It looks like a pattern.
    Pattern,
    /// It has a query or a fragment.
    Query,
    /// It is percent-encoded.
    Encoded,
    /// It ends with a space.
    Blank,
    /// No path that it could match is plain.
    Unreachable,
    /// `/*` among public paths.
    OpensAll,
    /// A public rule that a protected one covers and that is not longer.
    OpensNothing,
    /// A method in front of a protected path, or of a path whose preflights pass.
    Method,
    /// A list of protected paths without a rule.
    NothingProtected,
}

impl PathRuleError {
    /// What is wrong and how to fix it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Start => {
                "a path rule is a path that starts with `/`, or a method in capitals, one space and such a path"
            }
            Self::Pattern => {
                "a path rule has no parameters and no wildcards: write the path, or end it with `/*` for everything below"
            }
            Self::Query => "a path rule has no query and no fragment: leave out `?`, `#` and what follows",
            Self::Encoded => "a path rule is written decoded: write the characters themselves, as `/café`",
            Self::Blank => "a path rule does not end with a space: remove it",
            Self::Unreachable => {
                "a path with `//`, a `.` or `..` segment, a backslash, a `;` or a control character needs credentials \
                 whatever the rules say: write the plain path"
            }
            Self::OpensAll => {
                "`/*` as a public path would open everything: name the paths to guard as protected, or leave authentication out"
            }
            Self::OpensNothing => {
                "this public path opens nothing: a protected rule covers it and is not shorter; only longer paths are \
                 exceptions, as `/api/health` inside `/api/*`"
            }
            Self::Method => {
                "remove the method: protected paths and those of preflights are so for all methods (to open one method of a \
                 protected path, name it as public)"
            }
            Self::NothingProtected => {
                "protected is empty, so everything would be open: name the paths to guard, or leave it out to guard everything"
            }
        }
    }
}

crate::dialect::error!(PathRuleError);

//! Which requests need no credentials.

use core::ops::Deref;

use crate::text;

/// One public path: `/health` that path alone, `/static/` everything below it, `GET /items` one method only.
///
/// - A rule that ends with `/` opens the paths that start with it; `/static/` opens `/static/app.js` but neither
///   `/static` nor `/static-internal`. The rule `/` is the root page alone: a rule that opened everything would be a
///   strange way to turn authentication off.
/// - Any other rule opens exactly its path, not the same path with a `/` behind it.
/// - A method in capitals in front restricts the rule to it; `GET` includes `HEAD` (RFC 9110 section 9.3.2). A
///   WebSocket has no method and is opened only by a rule without one.
/// - A rule is not a pattern: `*`, `{` and `}` are refused rather than taken literally.
///
/// ```
/// use sallet_core::auth::PathRule;
/// const HEALTH: PathRule = PathRule::new("GET /health");
/// assert!(HEALTH.matches("HEAD", "/health"));
/// assert!(!HEALTH.matches("GET", "/health/"));
/// ```
///
/// ```compile_fail,E0080
/// # use sallet_core::auth::PathRule;
/// const ITEMS: PathRule = PathRule::new("/items/*");
/// // error[E0080]: evaluation panicked: a path rule is not a pattern: end it with `/` to mean everything below
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRule<S = &'static str> {
    rule: S,
    /// Where the path starts: behind the method and its space.
    path: usize,
}

impl<'a> PathRule<&'a str> {
    /// A rule for a `const`.
    ///
    /// # Panics
    /// For every reason for which [`PathRule::try_new`] fails; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(rule: &'a str) -> Self {
        match path_start(rule) {
            Ok(path) => Self { rule, path },
            Err(error) => panic!("{}", error.message()),
        }
    }
}

impl<S: AsRef<str>> PathRule<S> {
    /// A rule from a configuration.
    ///
    /// # Errors
    /// [`PathRuleError`] when the rule could never match a path, or means something other than it says.
    pub fn try_new(rule: S) -> Result<Self, PathRuleError> {
        let path = path_start(rule.as_ref())?;
        Ok(Self { rule, path })
    }

    /// The rule as it was written.
    pub fn as_str(&self) -> &str {
        self.rule.as_ref()
    }

    /// The method the rule is restricted to.
    pub fn method(&self) -> Option<&str> {
        self.rule.as_ref().get(..self.path)?.strip_suffix(' ')
    }

    /// The path, without the method.
    pub fn path(&self) -> &str {
        self.rule.as_ref().get(self.path..).unwrap_or_default()
    }

    /// How exact the rule is: of several that match, the one with the greatest says most about the request. A longer path
    /// beats a shorter one (`/a/b/` over `/a/`, `/docs` over `/`), then a method beats none, then any other beats `GET`,
    /// which speaks of `HEAD` too.
    pub fn exactness(&self) -> (usize, u8) {
        let method = match self.method() {
            None => 0,
            Some("GET") => 1,
            Some(_) => 2,
        };
        (self.path().len(), method)
    }

    /// Whether the rule opens this request: its path or, for a rule that ends with `/`, one below it.
    ///
    /// A path that others may read as another one (see [`PathRules::is_public`]) is below nothing. To open a path to the
    /// public ask there, which looks at the raw path too.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        self.speaks_of(method, path, is_deceptive)
    }

    /// Whether what the rule says of the headers of a response holds for this request.
    ///
    /// As [`PathRule::matches`], but `//`, `;x`, `%2f` and `%25` do not take a path out of what is below a rule, or any client could
    /// shake its policy off. A `..` segment may lead elsewhere, encoded however often, and such a path is below nothing.
    pub fn covers(&self, method: &str, path: &str) -> bool {
        self.speaks_of(method, path, may_leave)
    }

    fn speaks_of(&self, method: &str, path: &str, is_elsewhere: impl Fn(&[u8]) -> bool) -> bool {
        let (rule, path) = (self.path().as_bytes(), path.as_bytes());
        // What is below begins with the slash that the rule ends with.
        let is_below = || match rule {
            [above @ .., b'/'] if !above.is_empty() => {
                path.strip_prefix(above).is_some_and(|below| below.starts_with(b"/") && !is_elsewhere(below))
            }
            _ => false,
        };
        (path == rule || is_below())
            && self.method().is_none_or(|only| only == method || (only == "GET" && method == "HEAD"))
    }
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
    let mut i = start;
    while i < bytes.len() {
        match bytes[i] {
            b'*' | b'{' | b'}' => return Err(PathRuleError::Pattern),
            b'?' | b'#' => return Err(PathRuleError::Query),
            b' ' | b'%' => return Err(PathRuleError::Encoded),
            _ => {}
        }
        i += 1;
    }
    if is_deceptive(text::slice(rule, start, rule.len()).as_bytes()) {
        return Err(PathRuleError::Unreachable);
    }
    Ok(start)
}

/// A path that another party may read as a different one: empty, `.` and `..` segments, path parameters,
/// backslashes, control characters, and the encoded forms that some proxy or router decodes, once or twice.
const fn is_deceptive(path: &[u8]) -> bool {
    let mut rest = path;
    while let [byte, tail @ ..] = rest {
        match (*byte, tail) {
            (b'\\' | b';' | 0..=0x1f | 0x7f, _) => return true,
            (b'%', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                if let (b'2', b'5' | b'e' | b'f') | (b'3', b'b') | (b'5', b'c') | (b'0' | b'1', _) | (b'7', b'f') =
                    (*high, *low | 0x20)
                {
                    return true;
                }
            }
            (b'%', _) => return true,
            // An empty segment, `.` or `..`. A slash at the very end begins none.
            (b'/', [b'/', ..] | [b'.'] | [b'.', b'/', ..] | [b'.', b'.'] | [b'.', b'.', b'/', ..]) => return true,
            _ => {}
        }
        rest = tail;
    }
    false
}

/// Whether some reader finds a `..` segment here, however often it decodes.
fn may_leave(mut path: &[u8]) -> bool {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    // Dots since the last separator; more than two when there was anything else.
    let mut dots = 0_u8;
    while let [byte, rest @ ..] = path {
        path = rest;
        let mut byte = *byte;
        if byte == b'%' {
            while let [b'2', b'5', rest @ ..] = path {
                path = rest;
            }
            // The digits of an encoded byte may be encoded themselves.
            if path.iter().take(2).any(|&next| next == b'%') {
                return true;
            }
            if let [high, low, rest @ ..] = path
                && let (Some(high), Some(low)) = (hex(*high), hex(*low))
            {
                byte = u8::try_from(high << 4 | low).unwrap_or_default();
                path = rest;
            }
        }
        match byte {
            b'/' | b'\\' | b';' | 0..=0x1f | 0x7f if dots == 2 => return true,
            b'/' | b'\\' => dots = 0,
            b'.' => dots = dots.saturating_add(1),
            _ => dots = 3,
        }
    }
    dots == 2
}

/// The public paths of an application.
///
/// Ask with the path that the router will use: decoded, and without the prefix under which the application is
/// mounted. Never ask with a path rebuilt from a URL, which a client can bend with its Host field.
///
/// ```
/// use sallet_core::auth::{PathRule, PathRules};
///
/// const PUBLIC: PathRules = PathRules::new(&[PathRule::new("/health"), PathRule::new("/static/")]);
/// assert!(PUBLIC.is_public("GET", "/static/app.js", None));
/// assert!(!PUBLIC.is_public("GET", "/healthy", None));
/// assert!(!PUBLIC.is_public("GET", "/static/../admin", None));
/// // What the router sees as /static/../admin, and a proxy in front did not:
/// assert!(!PUBLIC.is_public("GET", "/static/x/admin", Some(b"/static/x%2fadmin")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRules<R = &'static [PathRule]>(R);

impl PathRules {
    /// No public path.
    pub const NONE: Self = Self(&[]);
}

impl<R> PathRules<R> {
    /// The set of these rules.
    pub const fn new(rules: R) -> Self {
        Self(rules)
    }
}

impl<R, S> PathRules<R>
where
    R: Deref<Target = [PathRule<S>]>,
    S: AsRef<str>,
{
    /// The rules, in the order given.
    pub fn rules(&self) -> &[PathRule<S>] {
        &self.0
    }

    /// Whether a request needs no credentials. `method` is empty for a WebSocket.
    ///
    /// `raw_path` is the path as it came over the wire, where the host knows it; a query behind it is ignored. A path
    /// with `//`, a `.` or `..` segment, a backslash, a `;`, a control character, or the encoded form of one of these is
    /// never public, whatever the rules say. Nor is one with a percent sign, encoded or stray: decoded twice, it hides any
    /// of the others.
    pub fn is_public(&self, method: &str, path: &str, raw_path: Option<&[u8]>) -> bool {
        self.0.iter().any(|rule| rule.matches(method, path))
            && !raw_path.is_some_and(|raw| is_deceptive(raw.split(|&byte| byte == b'?').next().unwrap_or_default()))
    }
}

/// Whether a request is the question a browser asks before a cross-origin request (Fetch, section 4.8).
///
/// It cannot carry credentials, so it must pass for the CORS code behind to answer it. A plain `OPTIONS` is not one.
pub const fn is_preflight(method: &str, has_origin: bool, has_request_method: bool) -> bool {
    text::eq(method, "OPTIONS") && has_origin && has_request_method
}

/// Why a text is not a path rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathRuleError {
    /// Neither a path nor a method and a path.
    Start,
    /// It looks like a pattern.
    Pattern,
    /// It has a query or a fragment.
    Query,
    /// It is percent-encoded, or has a space.
    Encoded,
    /// No path that it could match is ever public.
    Unreachable,
}

impl PathRuleError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Start => {
                "a path rule is a path that starts with `/`, or a method in capitals, one space and such a path"
            }
            Self::Pattern => "a path rule is not a pattern: end it with `/` to mean everything below",
            Self::Query => "a path rule has no query and no fragment: leave out `?`, `#` and what follows",
            Self::Encoded => "a path rule is written decoded and without spaces: it is compared with the router's path",
            Self::Unreachable => {
                "a path with `//`, a `.` or `..` segment, a backslash, a `;` or a control character is never public: \
                 write the plain path"
            }
        }
    }
}

impl core::fmt::Display for PathRuleError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for PathRuleError {}

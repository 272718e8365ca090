//! The most exact rule that applies.

use core::ops::{Deref, DerefMut};

use super::{PathRule, RequestPath};

/// Something that depends on the path of a request: a policy, say. Of several rules that apply the most exact decides
/// ([`PathRule::exactness`]).
///
/// ```
/// use sallet_core::paths::{ByPath, PathRule, RequestPath};
///
/// let by_path = ByPath::new(vec![(PathRule::new("/*"), "all"), (PathRule::new("/docs/*"), "docs")]);
/// let chosen = |path: &'static str| {
///     by_path.matching("GET", &RequestPath::raw(path.as_bytes())).next().copied()
/// };
/// assert_eq!(chosen("/docs/x"), Some("docs"));
/// assert_eq!(chosen("//docs;v=1/%78"), Some("docs"));
/// assert_eq!(chosen("/docs"), Some("all"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByPath<R>(R);

impl<S, T, R> ByPath<R>
where
    R: DerefMut<Target = [(PathRule<S>, T)]>,
    S: AsRef<str>,
{
    /// These rules and what they stand for, in any order.
    pub fn new(mut entries: R) -> Self {
        entries.sort_unstable_by_key(|(rule, _)| core::cmp::Reverse(rule.exactness()));
        Self(entries)
    }
}

impl<T> ByPath<&'static [(PathRule, T)]> {
    /// Rules in flash, sorted already.
    ///
    /// # Panics
    /// When a rule stands after a less exact one; in a `const` that is a compile error.
    #[track_caller]
    pub const fn in_order(entries: &'static [(PathRule, T)]) -> Self {
        let mut i = 1;
        while i < entries.len() {
            let ((len, exact, method), (next_len, next_exact, next_method)) =
                (entries[i - 1].0.const_exactness(), entries[i].0.const_exactness());
            let is_before = len > next_len
                || len == next_len && (exact > next_exact || exact == next_exact && method >= next_method);
            assert!(
                is_before,
                "list the most exact rule first: the longest path, then an exact one, then one with a method"
            );
            i += 1;
        }
        Self(entries)
    }
}

impl<S, T, R> ByPath<R>
where
    R: Deref<Target = [(PathRule<S>, T)]>,
    S: AsRef<str>,
{
    /// The rules and what they stand for, the most exact first.
    pub fn entries(&self) -> &[(PathRule<S>, T)] {
        &self.0
    }

    /// What the rules that apply to a request stand for, the most exact first. `method` is empty for a WebSocket.
    pub fn matching<'a, 'p>(&'a self, method: &'p str, path: &'p RequestPath<'p>) -> impl Iterator<Item = &'a T>
    where
        S: 'a,
        T: 'a,
    {
        self.0.iter().filter(move |(rule, _)| rule.applies(method, path)).map(|(_, value)| value)
    }
}

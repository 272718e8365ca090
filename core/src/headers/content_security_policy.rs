//! Content-Security-Policy: what a page may load, run and send to.

mod directive;
mod extend;
mod hash;
mod lists;
mod own;
mod source;
mod url_source;
mod view;

pub use directive::{Directive, DirectiveName};
pub use extend::{Addition, ExtendError, Extended};
pub use hash::Hash;
pub use lists::{Directives, Sources};
pub use own::OwnPolicy;
pub(crate) use own::holds_placeholder;
pub use source::{Source, SourceConstant};
pub use url_source::UrlSource;

use super::{PolicyError, ReportingEndpoints};
use crate::cursor::Cursor;
use crate::dialect::{display_by_render, ok, valid};
use crate::grammar;
use crate::scheme::Scheme;
use crate::unchecked::unchecked;
use lists::{DirectiveList, Directives as Iter};
use view::View;

/// A policy ([CSP3, section 2.2](https://www.w3.org/TR/CSP3/#framework-policy)), from typed directives or from text.
///
/// The same value serves `content-security-policy` and `content-security-policy-report-only`.
///
/// ```
/// use sallet_core::{ContentSecurityPolicy, Directive, Source};
///
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[
///     Directive::default_src(&[Source::SELF]),
///     Directive::script_src(&[Source::SELF, Source::new("https://cdn.example")]),
/// ]);
/// assert_eq!(CSP.to_string(), "default-src 'self'; script-src 'self' https://cdn.example");
///
/// const SAME: ContentSecurityPolicy =
///     ContentSecurityPolicy::from_text("default-src 'self'; script-src 'self' https://cdn.example");
/// assert_eq!(SAME.to_string(), CSP.to_string());
/// ```
///
/// What browsers would skip in silence is refused:
///
/// ```compile_fail
/// # use sallet_core::ContentSecurityPolicy;
/// // error[E0080]: evaluation panicked: keywords are quoted: write 'self', quotes included, …
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::from_text("default-src self");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ContentSecurityPolicy<'a> {
    list: DirectiveList<'a>,
    view: View,
}

/// The most nonce sources in one policy. More cannot be of use: eight directives take one at all.
const MAX_NONCES: usize = crate::nonce::MAX_SLOTS / 2;

impl<'a> ContentSecurityPolicy<'a> {
    /// Its value is no choice of a few words.
    pub(crate) const VALUES: &'static [&'static str] = &[];

    /// A policy of `directives`, in that order.
    ///
    /// # Panics
    /// When [`try_new`](Self::try_new) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(directives: &'a [Directive<'a>]) -> Self {
        valid!(Self::try_new(directives))
    }

    /// A policy of `directives`, in that order.
    ///
    /// # Errors
    /// [`EmptyPolicy`](PolicyError::EmptyPolicy), [`DuplicateDirective`](PolicyError::DuplicateDirective),
    /// [`TooManyNonces`](PolicyError::TooManyNonces).
    pub const fn try_new(directives: &'a [Directive<'a>]) -> Result<Self, PolicyError> {
        Self { list: DirectiveList::Typed(directives), view: View::WHOLE }.checked()
    }

    /// A policy from its text, `name source source; name source`.
    ///
    /// # Panics
    /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn from_text(text: &'a str) -> Self {
        valid!(Self::parse(text))
    }

    /// Reads a policy, strictly: browsers skip what they do not understand, a policy one writes oneself has no such
    /// parts. A `;` at the end is allowed.
    ///
    /// # Errors
    /// What is wrong with the first bad directive or source.
    pub const fn parse(text: &'a str) -> Result<Self, PolicyError> {
        Self { list: DirectiveList::Text(text), view: View::WHOLE }.checked()
    }

    /// Whether a text begins with a directive that is unchecked, and not with the mark of a whole value: a directive that Sallet
    /// knows is not marked itself, its sources are.
    pub(crate) const fn marks_a_directive(text: &str) -> bool {
        match unchecked(grammar::trim(text)) {
            Some(text) => {
                let mut end = 0;
                while end < text.len() && !matches!(text.as_bytes()[end], b' ' | b'\t'..=b'\r' | b';' | b',') {
                    end += 1;
                }
                DirectiveName::parse(grammar::cut(text, end).0).is_err()
            }
            None => false,
        }
    }

    const fn checked(self) -> Result<Self, PolicyError> {
        let (mut seen, mut nonces) = (0_u64, 0);
        let mut rest = self.list.iter();
        while let Some(directive) = rest.next() {
            let directive = ok!(directive);
            let bit = 1_u64 << directive.name() as u32;
            if seen & bit != 0 {
                return Err(PolicyError::DuplicateDirective);
            }
            seen |= bit;
            nonces += directive.nonces();
        }
        if seen == 0 {
            return Err(PolicyError::EmptyPolicy);
        }
        if nonces > MAX_NONCES {
            return Err(PolicyError::TooManyNonces);
        }
        Ok(self)
    }

    /// The directives, in order.
    pub const fn directives(&self) -> Directives<'a> {
        Iter::new(self.list.iter(), self.view)
    }

    /// The directive of that name.
    pub const fn directive(&self, name: DirectiveName) -> Option<Directive<'a>> {
        let mut rest = self.directives();
        while let Some(directive) = rest.next_directive() {
            if directive.name() as u32 == name as u32 {
                return Some(directive);
            }
        }
        None
    }

    /// The directive that rules `name`: itself or the one it falls back to (CSP3, section 6.8.3).
    pub const fn effective(&self, name: DirectiveName) -> Option<Directive<'a>> {
        let mut rest = name.fallbacks();
        let mut name = name;
        loop {
            if let Some(directive) = self.directive(name) {
                return Some(directive);
            }
            let [next, after @ ..] = rest else { return None };
            (name, rest) = (*next, after);
        }
    }

    /// The endpoint that `report-to` names, if it is not one of these.
    pub(crate) const fn undefined_endpoint(&self, defined: &ReportingEndpoints<'_>) -> Option<&'a str> {
        match self.directive(DirectiveName::ReportTo) {
            Some(directive) => match directive.sources().next_source() {
                Some(name) if !defined.defines(name.as_str()) => Some(name.as_str()),
                _ => None,
            },
            None => None,
        }
    }

    /// Whether a source is [`Source::NONCE`], so that each response needs a fresh one.
    pub const fn needs_nonce(&self) -> bool {
        let mut rest = self.directives();
        while let Some(directive) = rest.next_directive() {
            if directive.nonces() > 0 {
                return true;
            }
        }
        false
    }

    /// The policy for a response that travels over `scheme`: over HTTP without `upgrade-insecure-requests`, which
    /// would break a site that has no HTTPS. `None` when nothing is left.
    pub const fn over(mut self, scheme: Scheme) -> Option<Self> {
        self.view.http |= scheme.is_http();
        self.if_any()
    }

    /// The policy as a text that is the same for every response: for responses in which no script runs, so that they can be
    /// cached.
    ///
    /// In each directive that holds [`Source::NONCE`], that and `'unsafe-inline'` are left out, and `'none'` is sent if
    /// nothing is left. So it never allows more: the nonce had switched `'unsafe-inline'` off (CSP3, section 6.7.3.2), and the
    /// directive stays. The other sources stay, because the policy of a worker's own script rules what that imports.
    ///
    /// ```
    /// use sallet_core::ContentSecurityPolicy;
    /// let csp = ContentSecurityPolicy::from_text(
    ///     "script-src 'self' 'nonce-{one-for-each-request}'; style-src 'unsafe-inline' 'nonce-{one-for-each-request}'"
    /// );
    /// assert_eq!(csp.without_nonce().to_string(), "script-src 'self'; style-src 'none'");
    /// assert!(!csp.without_nonce().needs_nonce());
    /// ```
    #[must_use]
    pub const fn without_nonce(mut self) -> Self {
        self.view.without_nonce = true;
        self
    }

    /// The policy for `content-security-policy-report-only`: without `upgrade-insecure-requests` and `sandbox`, which browsers
    /// ignore there. `None` when nothing is left.
    pub const fn report_only(mut self) -> Option<Self> {
        self.view.report_only = true;
        self.if_any()
    }

    const fn if_any(self) -> Option<Self> {
        if self.directives().next_directive().is_none() { None } else { Some(self) }
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        let mut rest = self.directives();
        let mut first = true;
        while let Some(directive) = rest.next_directive() {
            if !first {
                out.put(b"; ");
            }
            first = false;
            directive.render(out);
        }
    }
}

display_by_render!(ContentSecurityPolicy<'_>);

//! Content-Security-Policy: what a page may load, run and send to.

mod directive;
mod directive_name;
mod extend;
mod hash;
mod lists;
mod own;
mod policies;
mod source;
mod unquoted;
mod url_source;
mod view;

pub use directive::Directive;
pub use directive_name::DirectiveName;
pub use extend::{Addition, ExtendError, Extended};
pub use hash::Hash;
pub use lists::{Directives, Sources};
pub use own::OwnPolicy;
pub(crate) use own::holds_placeholder;
pub use policies::Policies;
pub use source::{Source, SourceConstant};
pub use url_source::UrlSource;

use super::{PolicyError, ReportingEndpoints};
use crate::cursor::{self, Cursor};
use crate::dialect::{display_by_render, ok, valid};
use crate::grammar;
use crate::unchecked::{Marked, unchecked};
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
/// One value may be several policies, of which a browser enforces each: see [`and`](Self::and).
///
/// # What is refused
///
/// What the grammar of CSP3 does not allow, and of what it does allow only this:
///
/// | Refused | As | Why | Sent by |
/// |---|---|---|---|
/// | `script-src 'self'; script-src *` | `DuplicateDirective` | Browsers skip the second (CSP3, section 2.2.1). | |
/// | `script-src 'nonce-abc'` | `FixedNonce` | A nonce is new for each response (section 7.1): use [`Source::NONCE`]. | |
/// | `img-src 'nonce-{one-for-each-request}'` | `KeywordNotAllowed` | Only scripts and styles have a nonce, and a response with one is not cached. | `img-src {unchecked}'nonce-{one-for-each-request}'` |
/// | `script-src 'sha256-abc'` | `BadHash` | It is compared with the whole digest, which is longer (section 6.7.3.3). | `script-src {unchecked}'sha256-abc'` |
/// | `default-src self` | `UnquotedKeyword` | A browser reads a host of that name; `'self'` was meant. | `default-src {unchecked}self` |
/// | `default-src 'self' img-src *` | `MissingSemicolon` | A browser reads a host of that name; a directive was meant. | `default-src 'self' {unchecked}img-src *` |
/// | `img-src data` | `BareScheme` | A browser reads a host of that name; `data:` was meant. | `img-src {unchecked}data` |
/// | `block-all-mixed-content` | `ObsoleteDirective` | Browsers have dropped it. | `{unchecked}block-all-mixed-content` |
/// | `script-sr 'self'` | `UnknownDirective` | Any name is in the grammar; no specification defines this one. | `{unchecked}script-sr 'self'` |
/// | `sandbox allow-everything` | `UnknownSandboxFlag` | Any token is in the grammar; no specification defines this one. | `sandbox {unchecked}allow-everything` |
/// | `report-uri 'csp'` | `UnknownKeyword` | A browser would post to a path with quotes in it. | `report-uri {unchecked}'csp'` |
/// | more than eight nonces | `TooManyNonces` | The room that a rendered text has for their places. | |
///
/// `{unchecked}` in front of a source, flag or directive sends what Sallet does not know, such as a keyword that is newer
/// than this version. Only what is unsafe to send is refused then.
///
/// ```compile_fail
/// # use sallet_core::ContentSecurityPolicy;
/// // error[E0080]: evaluation panicked: keywords are quoted: write 'self', quotes included, …
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::from_text("default-src self");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ContentSecurityPolicy<'a> {
    list: DirectiveList<'a>,
    /// Sent after those of the list.
    others: &'a [Self],
    view: View,
}

/// The most nonce sources in one value.
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
        Self::checked(DirectiveList::Typed(directives))
    }

    /// A policy from its text, `name source source; name source`, or several, separated by commas.
    ///
    /// # Panics
    /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn from_text(text: &'a str) -> Self {
        valid!(Self::parse(text))
    }

    /// Reads a policy, strictly: browsers skip what they do not understand, a policy one writes oneself has no such
    /// parts. A `;` at the end is allowed, and so are line breaks between words: the policy is sent in one line. Several
    /// policies are separated by commas, as for [`and`](Self::and).
    ///
    /// # Errors
    /// What is wrong with the first bad directive or source.
    pub const fn parse(text: &'a str) -> Result<Self, PolicyError> {
        Self::checked(DirectiveList::Text(text))
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

    const fn checked(list: DirectiveList<'a>) -> Result<Self, PolicyError> {
        let (mut rest, mut is_empty) = (list, true);
        while let Some(policy) = rest.next_policy() {
            is_empty &= ok!(check_names(policy)) == 0;
        }
        if is_empty {
            return Err(PolicyError::EmptyPolicy);
        }
        let this = Self { list, others: &[], view: View::WHOLE };
        ok!(this.check_nonces());
        Ok(this)
    }

    const fn check_nonces(&self) -> Result<(), PolicyError> {
        let (mut policies, mut nonces) = (self.policies(), 0);
        while let Some(policy) = policies.next_policy() {
            let mut rest = policy.directives();
            while let Some(directive) = rest.next_directive() {
                nonces += directive.nonces();
            }
        }
        if nonces > MAX_NONCES { Err(PolicyError::TooManyNonces) } else { Ok(()) }
    }

    /// The directives, in order. Of several policies, those of the first: ask each of [`policies`](Self::policies).
    pub const fn directives(&self) -> Directives<'a> {
        let mut first = self.list;
        match first.next_policy() {
            Some(list) => Iter::new(list.iter(), self.view),
            None => Iter::new(self.list.iter(), self.view),
        }
    }

    /// The directive of that name. Of several policies, that of the first.
    pub const fn directive(&self, name: DirectiveName) -> Option<Directive<'a>> {
        let mut rest = self.directives();
        while let Some(directive) = rest.next_directive() {
            if matches!(directive.name(), Some(found) if found as u32 == name as u32) {
                return Some(directive);
            }
        }
        None
    }

    /// The directive that rules `name`: itself or the one it falls back to (CSP3, section 6.8.3). Of several policies, in
    /// the first.
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

    /// The first endpoint that a `report-to` names and these are not.
    pub(crate) const fn undefined_endpoint(&self, defined: &ReportingEndpoints<'_>) -> Option<&'a str> {
        let mut policies = self.policies();
        while let Some(policy) = policies.next_policy() {
            if let Some(directive) = policy.directive(DirectiveName::ReportTo)
                && let Some(name) = directive.sources().next_source()
                && !defined.defines(name.as_str())
            {
                return Some(name.as_str());
            }
        }
        None
    }

    /// Whether a source is [`Source::NONCE`], so that each response needs a fresh one.
    pub const fn needs_nonce(&self) -> bool {
        let mut policies = self.policies();
        while let Some(policy) = policies.next_policy() {
            let mut rest = policy.directives();
            while let Some(directive) = rest.next_directive() {
                if directive.nonces() > 0 {
                    return true;
                }
            }
        }
        false
    }

    /// The text that [`parse`](Self::parse) reads back as this policy. It differs from the text that is sent by the marks
    /// of what is unchecked.
    ///
    /// ```
    /// use sallet_core::ContentSecurityPolicy;
    /// let csp = ContentSecurityPolicy::from_text("script-src  'self' {unchecked}'new-keyword'");
    /// assert_eq!(csp.marked().to_string(), "script-src 'self' {unchecked}'new-keyword'");
    /// assert_eq!(csp.to_string(), "script-src 'self' 'new-keyword'");
    /// ```
    pub const fn marked(&self) -> Marked<Self> {
        Marked(*self)
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        let mut policies = self.policies();
        let mut between: &[u8] = b"";
        while let Some(policy) = policies.next_policy() {
            out.put(between);
            let mut rest = policy.directives();
            between = b"";
            while let Some(directive) = rest.next_directive() {
                out.put(between);
                directive.render(out);
                between = b"; ";
            }
            between = b", ";
        }
    }
}

/// Checks each directive of one policy, and that no name is there twice; returns how many there are.
const fn check_names(policy: DirectiveList<'_>) -> Result<usize, PolicyError> {
    let mut rest = policy.iter();
    let mut count = 0;
    while let Some(directive) = rest.next() {
        let directive = ok!(directive);
        let mut earlier = policy.iter();
        let mut i = 0;
        while i < count
            && let Some(Ok(other)) = earlier.next()
        {
            if other.has_name_of(&directive) {
                return Err(PolicyError::DuplicateDirective);
            }
            i += 1;
        }
        count += 1;
    }
    Ok(count)
}

display_by_render!(ContentSecurityPolicy<'_>);

impl core::fmt::Display for Marked<ContentSecurityPolicy<'_>> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        cursor::display_marked(f, |out| self.0.render(out))
    }
}

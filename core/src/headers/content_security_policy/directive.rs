//! One directive: its name and its sources.

use super::Source;
use super::directive_name::{DirectiveName, Kind, takes};
use super::lists::{SourceList, Sources, first_word};
use crate::cursor::Cursor;
use crate::dialect::{ok, valid};
use crate::headers::PolicyError;
use crate::unchecked::{own_word, unchecked};

/// A directive and its sources.
#[derive(Debug, Clone, Copy)]
pub struct Directive<'a> {
    name: Name<'a>,
    sources: SourceList<'a>,
    /// In the view of a text that is the same for every response.
    without_nonce: bool,
}

#[derive(Debug, Clone, Copy)]
enum Name<'a> {
    Known(DirectiveName),
    Unchecked(&'a str),
}

impl<'a> Directive<'a> {
    /// A directive of `sources`, in that order.
    ///
    /// # Errors
    /// The cause when the directive does not take one of them, when `'none'` is not alone, when a list that needs a member
    /// has none.
    pub const fn try_new(name: DirectiveName, sources: &'a [Source<'a>]) -> Result<Self, PolicyError> {
        Self { name: Name::Known(name), sources: SourceList::Typed(sources), without_nonce: false }.checked()
    }

    /// A directive that Sallet does not know: see [`try_unchecked`](Self::try_unchecked).
    ///
    /// ```
    /// use sallet_core::{ContentSecurityPolicy, Directive, Source};
    /// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[
    ///     Directive::default_src(&[Source::SELF]),
    ///     Directive::unchecked("new-directive", &[Source::SELF, Source::unchecked("new")]),
    /// ]);
    /// assert_eq!(CSP.to_string(), "default-src 'self'; new-directive 'self' new");
    /// ```
    ///
    /// # Panics
    /// When [`try_unchecked`](Self::try_unchecked) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn unchecked(name: &'a str, sources: &'a [Source<'a>]) -> Self {
        valid!(Self::try_unchecked(name, sources))
    }

    /// A directive that Sallet does not know, sent as it is. In text it has [`{unchecked}`](crate::UNCHECKED) in front, which
    /// is for its sources too.
    ///
    /// # Errors
    /// What is unsafe to send in a name, and [`KnownDirective`](PolicyError::KnownDirective): of a known directive, mark the
    /// [source](Source::unchecked) that Sallet does not know.
    pub const fn try_unchecked(name: &'a str, sources: &'a [Source<'a>]) -> Result<Self, PolicyError> {
        let name = ok!(unchecked_name(name));
        Ok(Self { name, sources: SourceList::Typed(sources), without_nonce: false })
    }

    /// Reads `name source source`.
    pub(super) const fn parse(directive: &'a str) -> Result<Self, PolicyError> {
        let (name, sources) = first_word(directive);
        if let Some(name) = unchecked(name) {
            let name = ok!(unchecked_name(name));
            let sources = SourceList::Unchecked(sources);
            ok!(sources.check());
            return Ok(Self { name, sources, without_nonce: false });
        }
        match DirectiveName::parse(name) {
            Ok(name) => {
                Self { name: Name::Known(name), sources: SourceList::Text(sources), without_nonce: false }.checked()
            }
            Err(error) => Err(what_is_wrong_with(name, error)),
        }
    }

    /// Its name; `None` if it is [unchecked](Self::try_unchecked).
    pub const fn name(&self) -> Option<DirectiveName> {
        match self.name {
            Name::Known(name) => Some(name),
            Name::Unchecked(_) => None,
        }
    }

    /// The text of its name.
    pub const fn name_str(&self) -> &'a str {
        match self.name {
            Name::Known(name) => name.as_str(),
            Name::Unchecked(name) => name,
        }
    }

    /// Whether it is [sent without a check](Self::try_unchecked).
    pub const fn is_unchecked(&self) -> bool {
        matches!(self.name, Name::Unchecked(_))
    }

    /// Whether a browser would take this and the other for the same directive, and skip the second.
    pub(super) const fn has_name_of(&self, other: &Self) -> bool {
        self.name_str().eq_ignore_ascii_case(other.name_str())
    }

    /// Its sources, in order.
    pub const fn sources(&self) -> Sources<'a> {
        Sources::new(self.sources, self.without_nonce, matches!(self.name, Name::Known(DirectiveName::Sandbox)))
    }

    /// Whether it holds the source with this text.
    pub const fn has(&self, source: &str) -> bool {
        let mut rest = self.sources();
        while let Some(next) = rest.next_source() {
            if next.is(source) {
                return true;
            }
        }
        false
    }

    /// Whether its sources could be those of the directive of that name.
    pub(super) const fn fits(&self, name: DirectiveName) -> bool {
        Self { name: Name::Known(name), ..*self }.checked().is_ok()
    }

    pub(super) const fn nonces(&self) -> usize {
        let mut rest = self.sources();
        let mut count = 0;
        while let Some(source) = rest.next_source() {
            if source.is_nonce() {
                count += 1;
            }
        }
        count
    }

    /// The directive in a text that is the same for every response; itself if it holds no nonce.
    pub(super) const fn without_nonce(mut self) -> Self {
        self.without_nonce |= self.nonces() > 0;
        self
    }

    const fn checked(self) -> Result<Self, PolicyError> {
        ok!(self.sources.check());
        let Name::Known(name) = self.name else { return Ok(self) };
        let mut rest = self.sources();
        let (mut count, mut none) = (0, false);
        while let Some(source) = rest.next_source() {
            ok!(takes(name.kind(), source));
            none |= source.is("'none'") && !source.is_unchecked();
            count += 1;
        }
        match (name.kind(), count) {
            (Kind::Code | Kind::Fetch | Kind::Ancestors, 2..) if none => Err(PolicyError::NoneWithOthers),
            (Kind::Nothing | Kind::Sandbox | Kind::TrustedTypes, _) => Ok(self),
            (Kind::Endpoint, 0 | 2..) => Err(PolicyError::BadEndpointName),
            (Kind::Webrtc, 2..) => Err(PolicyError::UnexpectedValue),
            (_, 0) => Err(PolicyError::EmptySourceList),
            _ => Ok(self),
        }
    }

    pub(super) const fn render(&self, out: &mut Cursor<'_>) {
        if self.is_unchecked() {
            out.put_mark();
        }
        out.put(self.name_str().as_bytes());
        let mut rest = self.sources();
        while let Some(source) = rest.next_source() {
            out.put(b" ");
            // The mark of the directive is for its sources too.
            let source = if self.is_unchecked() { source.without_mark() } else { source };
            source.render(out);
        }
    }
}

/// A name that no table has.
const fn unchecked_name(name: &str) -> Result<Name<'_>, PolicyError> {
    if DirectiveName::parse(name).is_ok() {
        return Err(PolicyError::KnownDirective);
    }
    ok!(own_word(name));
    match Source::in_unchecked(name) {
        Ok(_) => Ok(Name::Unchecked(name)),
        Err(PolicyError::EmptySource | PolicyError::TwoSources) => Err(PolicyError::UnknownDirective),
        Err(error) => Err(error),
    }
}

/// Why a text is no name of a directive: where a source was written behind a `;` or `,`, that is what is wrong.
const fn what_is_wrong_with(name: &str, error: PolicyError) -> PolicyError {
    let mut rest = name.as_bytes();
    // As in `script-src: 'self'`.
    if let [before @ .., b':'] = rest
        && let Ok(before) = str::from_utf8(before)
        && DirectiveName::parse(before).is_ok()
    {
        return PolicyError::UnknownDirective;
    }
    while let [byte, after @ ..] = rest {
        match byte {
            0x00..=0x1f | 0x7f => return PolicyError::ControlCharacter,
            0x80.. => return PolicyError::NonAscii,
            b'\'' | b':' | b'.' | b'*' | b'/' => return PolicyError::Separator,
            _ => rest = after,
        }
    }
    error
}

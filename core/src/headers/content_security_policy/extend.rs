//! A policy that allows more: what another one allows, and some sources besides.

use super::{ContentSecurityPolicy, Directive, DirectiveName, Source, Sources};
use crate::cursor::{BufferTooSmall, Cursor};
use crate::dialect::display_by_render;
use crate::headers::PolicyError;

/// Sources that a directive is to allow as well.
pub type Addition<'a> = (DirectiveName, &'a [Source<'a>]);

/// A policy and what it allows besides: see [`ContentSecurityPolicy::extended`].
///
/// It is a text that has not been written yet: [`write`](Self::write) makes a policy of it, and so does
/// [`const_extended!`](crate::const_extended) for a constant. `Display` shows it unchecked.
#[derive(Debug, Clone, Copy)]
pub struct Extended<'a> {
    base: ContentSecurityPolicy<'a>,
    added: &'a [Addition<'a>],
}

impl<'a> ContentSecurityPolicy<'a> {
    /// This policy, with sources added to those that rule today.
    ///
    /// A directive that is absent first copies the one it falls back to (CSP3, section 6.8.3), and of that only what it
    /// takes itself: a nonce is for scripts and styles, and no source of an image. It copies what is added to that one as
    /// well, because all of it would have applied. `'none'` gives way to the first source.
    /// A directive that nothing rules and whose absence allows all is left alone, for a list would take that away; so is
    /// `worker-src` where `'strict-dynamic'` rules workers, which a new `child-src` takes from them (`frame-src` does not). A
    /// directive that does nothing but forbid, such as `sandbox`, is added as it is given.
    ///
    /// Of several policies, each is extended; of what does nothing but forbid, the one that has it. No list loses a source. What a browser makes of the whole list is another matter: a nonce or a hash switches
    /// `'unsafe-inline'` off, and `'strict-dynamic'` the hosts.
    ///
    /// ```
    /// use sallet_core::{ContentSecurityPolicy, DirectiveName, Source};
    /// let csp = ContentSecurityPolicy::from_text("default-src 'self'; object-src 'none'");
    /// let cdn = [Source::new("https://cdn.example")];
    /// let mut buf = [0; 128];
    /// let more = csp.extended(&[(DirectiveName::ImgSrc, &cdn), (DirectiveName::ObjectSrc, &cdn)]).write(&mut buf).unwrap();
    /// assert_eq!(
    ///     more.to_string(),
    ///     "default-src 'self'; object-src https://cdn.example; img-src 'self' https://cdn.example"
    /// );
    /// ```
    pub const fn extended(self, added: &'a [Addition<'a>]) -> Extended<'a> {
        Extended { base: self, added }
    }
}

impl<'a> Extended<'a> {
    /// Writes the policy's text into `buf` and reads it, as strictly as every policy.
    ///
    /// # Errors
    /// [`Policy`](ExtendError::Policy) when a directive does not take a source, or not beside the others;
    /// [`BufferTooSmall`](ExtendError::BufferTooSmall) with the size that is needed.
    pub const fn write<'b>(&self, buf: &'b mut [u8]) -> Result<ContentSecurityPolicy<'b>, ExtendError> {
        let mut out = Cursor::new(buf).marked();
        self.render(&mut out);
        let text = match out.finish() {
            Ok(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => text,
                // Names and sources are ASCII.
                Err(_) => return Err(ExtendError::Policy(PolicyError::NonAscii)),
            },
            Err(error) => return Err(ExtendError::BufferTooSmall { needed: error.needed }),
        };
        match ContentSecurityPolicy::parse(text) {
            Ok(policy) => Ok(policy),
            Err(error) => Err(ExtendError::Policy(error)),
        }
    }

    /// For [`const_extended!`](crate::const_extended).
    #[doc(hidden)]
    pub const fn text_len(&self) -> usize {
        let mut out = Cursor::new(&mut []).marked();
        self.render(&mut out);
        out.written()
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        let mut policies = self.base.policies();
        let mut between: &[u8] = b"";
        while let Some(base) = policies.next_policy() {
            out.put(between);
            One { base, all: self.base, added: self.added }.render(out);
            between = b", ";
        }
    }
}

/// One policy of those that are extended.
#[derive(Clone, Copy)]
struct One<'a> {
    base: ContentSecurityPolicy<'a>,
    /// It and the others.
    all: ContentSecurityPolicy<'a>,
    added: &'a [Addition<'a>],
}

impl<'a> One<'a> {
    /// The directives of the policy, then those that come to it.
    const fn render(&self, out: &mut Cursor<'_>) {
        let mut between: &[u8] = b"";
        let mut present = self.base.directives();
        while let Some(directive) = present.next_directive() {
            out.put(between);
            between = b"; ";
            match directive.name() {
                Some(name) => self.render_directive(name, out),
                None => directive.render(out),
            }
        }
        let mut rest = self.added;
        while let [(name, _), after @ ..] = rest {
            rest = after;
            // One that is there has been written, and one that comes again comes last.
            if self.base.directive(*name).is_some() || names(rest, *name) || !self.comes(*name) {
                continue;
            }
            out.put(between);
            between = b"; ";
            self.render_directive(*name, out);
            // Workers alone fall back over child-src to something it does not fall back to itself: without a list of
            // their own, a new child-src would take from them what script-src allows.
            if matches!(name, DirectiveName::ChildSrc)
                && !names(self.added, DirectiveName::WorkerSrc)
                && matches!(self.ruling(DirectiveName::WorkerSrc), Some(DirectiveName::ScriptSrc))
            {
                out.put(between);
                self.render_directive(DirectiveName::WorkerSrc, out);
            }
        }
    }

    /// The name of the directive that rules `name` before anything is added.
    const fn ruling(&self, name: DirectiveName) -> Option<DirectiveName> {
        match self.base.effective(name) {
            Some(directive) => directive.name(),
            None => None,
        }
    }

    /// Whether a directive that is absent and named in an addition is written.
    const fn comes(&self, name: DirectiveName) -> bool {
        match self.base.effective(name) {
            // Allowed already; a list would take that away, and so would one of forbidding directives that another of the policies
            // has: the addition is to what that one allows.
            None => !name.allows_all_when_absent() && (name.is_of_reports() || !self.is_beside(name)),
            // 'strict-dynamic' rules workers and goes on to: it allows each that a script asks for (CSP3, section 6.7.1.1), and a list
            // of their own would take that away.
            Some(ruling) => {
                !matches!(name, DirectiveName::WorkerSrc)
                    || names(self.added, DirectiveName::ChildSrc)
                    || !ruling.has("'strict-dynamic'")
            }
        }
    }

    /// Whether one of the policies has the directive.
    const fn is_beside(&self, name: DirectiveName) -> bool {
        let mut policies = self.all.policies();
        while let Some(policy) = policies.next_policy() {
            if policy.directive(name).is_some() {
                return true;
            }
        }
        false
    }

    /// `name`, with what it takes of the directive that rules it today, and what is added to that, to itself and to what
    /// it falls back to on the way.
    const fn render_directive(&self, name: DirectiveName, out: &mut Cursor<'_>) {
        out.put(name.as_str().as_bytes());
        let more = self.more(name);
        let kept = Kept::new(name, self.base.effective(name), { more }.next().is_some());
        let mut rest = kept;
        while let Some(source) = rest.next() {
            put(source, out);
        }
        let (mut rest, mut before) = (more, 0);
        while let Some(source) = rest.next() {
            if !kept.has(source) && !more.has(source, before) {
                put(source, out);
            }
            before += 1;
        }
    }

    const fn more(&self, name: DirectiveName) -> More<'a> {
        let ruling = self.ruling(name);
        let (chain, mut level) = (name.fallbacks(), 0);
        if let Some(ruling) = ruling
            && ruling as u32 != name as u32
        {
            // How far down the chain it is; 0 is the directive itself.
            while level < chain.len() && ruling as u32 != chain[level] as u32 {
                level += 1;
            }
            level += 1;
        }
        More { of: *self, name, level, rest: self.added, sources: &[] }
    }
}

display_by_render!(Extended<'_>);

const fn put(source: Source<'_>, out: &mut Cursor<'_>) {
    out.put(b" ");
    source.render(out);
}

const fn names(mut added: &[Addition<'_>], name: DirectiveName) -> bool {
    while let [(at, _), after @ ..] = added {
        if *at as u32 == name as u32 {
            return true;
        }
        added = after;
    }
    false
}

/// All that is added to a list, in order: to the directive that rules it, to those between, to itself.
#[derive(Clone, Copy)]
struct More<'a> {
    of: One<'a>,
    name: DirectiveName,
    /// How far down its fallbacks we are; 0 is the directive itself.
    level: usize,
    rest: &'a [Addition<'a>],
    sources: &'a [Source<'a>],
}

impl<'a> More<'a> {
    const fn next(&mut self) -> Option<Source<'a>> {
        loop {
            let at = if self.level == 0 { self.name } else { self.name.fallbacks()[self.level - 1] };
            let inherited = self.level > 0;
            if let [source, after @ ..] = self.sources {
                self.sources = after;
                if !inherited || self.name.inherits(at, *source) && !source.is("'none'") {
                    return Some(*source);
                }
            } else if let [(name, sources), after @ ..] = self.rest {
                self.rest = after;
                let applies = !inherited || self.of.base.directive(at).is_some() || self.of.comes(at);
                if *name as u32 == at as u32 && applies {
                    self.sources = sources;
                }
            } else if self.level > 0 {
                self.level -= 1;
                self.rest = self.of.added;
            } else {
                return None;
            }
        }
    }

    /// Whether it is among the first `count`.
    const fn has(mut self, source: Source<'_>, mut count: usize) -> bool {
        while count > 0
            && let Some(next) = self.next()
        {
            if next.is(source.as_str()) {
                return true;
            }
            count -= 1;
        }
        false
    }
}

/// What a directive keeps or inherits of the one that rules it.
#[derive(Clone, Copy)]
struct Kept<'a> {
    name: DirectiveName,
    rest: Option<Sources<'a>>,
    /// Each of its sources is one of this directive's too.
    whole: bool,
    /// Something is added, so `'none'` is not kept.
    gives_way: bool,
}

impl<'a> Kept<'a> {
    const fn new(name: DirectiveName, ruling: Option<Directive<'a>>, gives_way: bool) -> Self {
        match ruling {
            Some(ruling) => Self { name, rest: Some(ruling.sources()), whole: ruling.fits(name), gives_way },
            None => Self { name, rest: None, whole: true, gives_way },
        }
    }

    const fn next(&mut self) -> Option<Source<'a>> {
        let Some(rest) = &mut self.rest else { return None };
        while let Some(source) = rest.next_source() {
            if (self.whole || self.name.takes(source)) && !(self.gives_way && source.is("'none'")) {
                return Some(source);
            }
        }
        None
    }

    const fn has(mut self, source: Source<'_>) -> bool {
        while let Some(next) = self.next() {
            if next.is(source.as_str()) {
                return true;
            }
        }
        false
    }
}

/// Why a policy could not be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtendError {
    /// What came of it is no policy: a directive does not take a source, or not beside the others.
    Policy(PolicyError),
    /// The buffer cannot hold its text.
    BufferTooSmall {
        /// The exact length of the text in bytes.
        needed: usize,
    },
}

impl core::fmt::Display for ExtendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::Policy(error) => error.fmt(f),
            Self::BufferTooSmall { needed } => BufferTooSmall { needed }.fmt(f),
        }
    }
}

impl core::error::Error for ExtendError {}

//! Directives and sources as they are held, typed or as text, behind one iterator each.
//!
//! A policy comes as slices (a `const` in Rust) or as text (a configuration file, Python). Neither can be turned into
//! the other without a heap, so both are walked by the same iterators and checked by the same code.

use super::{Directive, DirectiveName, Source};
use crate::dialect::ok;
use crate::grammar;
use crate::headers::PolicyError;
use crate::scheme::Scheme;

#[derive(Debug, Clone, Copy)]
pub(super) enum DirectiveList<'a> {
    Typed(&'a [Directive<'a>]),
    Text(&'a str),
}

impl<'a> DirectiveList<'a> {
    pub(super) const fn iter(&self) -> CheckedDirectives<'a> {
        CheckedDirectives { rest: *self }
    }
}

/// Directives as they are read, each of which may be refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct CheckedDirectives<'a> {
    rest: DirectiveList<'a>,
}

impl<'a> CheckedDirectives<'a> {
    pub(super) const fn next(&mut self) -> Option<Result<Directive<'a>, PolicyError>> {
        match self.rest {
            DirectiveList::Typed([]) => None,
            DirectiveList::Typed([first, rest @ ..]) => {
                self.rest = DirectiveList::Typed(rest);
                Some(Ok(*first))
            }
            DirectiveList::Text(mut list) => loop {
                if list.is_empty() {
                    return None;
                }
                let end = grammar::find(list, b';', 0);
                let directive = grammar::slice(list, 0, end);
                let after = if end < list.len() { end + 1 } else { end };
                list = grammar::slice(list, after, list.len());
                // A `;` too many means nothing (CSP3, section 2.2.1).
                if !grammar::trim(directive).is_empty() {
                    self.rest = DirectiveList::Text(list);
                    return Some(Directive::parse(directive));
                }
            },
        }
    }
}

/// The directives of a valid policy, in order.
#[derive(Debug, Clone, Copy)]
pub struct Directives<'a> {
    rest: CheckedDirectives<'a>,
    scheme: Scheme,
}

impl<'a> Directives<'a> {
    pub(super) const fn new(rest: CheckedDirectives<'a>, scheme: Scheme) -> Self {
        Self { rest, scheme }
    }

    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_directive(&mut self) -> Option<Directive<'a>> {
        // Each was read without an error when the policy was made.
        while let Some(Ok(directive)) = self.rest.next() {
            if !(self.scheme.is_http() && matches!(directive.name(), DirectiveName::UpgradeInsecureRequests)) {
                return Some(directive);
            }
        }
        None
    }
}

impl<'a> Iterator for Directives<'a> {
    type Item = Directive<'a>;

    fn next(&mut self) -> Option<Directive<'a>> {
        self.next_directive()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum SourceList<'a> {
    Typed(&'a [Source<'a>]),
    Text(&'a str),
}

impl<'a> SourceList<'a> {
    /// Takes the first source off the list.
    pub(super) const fn next(&mut self) -> Option<Result<Source<'a>, PolicyError>> {
        match *self {
            Self::Typed([]) => None,
            Self::Typed([first, rest @ ..]) => {
                *self = Self::Typed(rest);
                Some(Ok(*first))
            }
            Self::Text(list) => {
                let list = grammar::trim(list);
                if list.is_empty() {
                    return None;
                }
                let bytes = list.as_bytes();
                let mut end = 0;
                while end < bytes.len() && !grammar::is_ows(bytes[end]) {
                    end += 1;
                }
                *self = Self::Text(grammar::slice(list, end, list.len()));
                Some(Source::parse(grammar::slice(list, 0, end)))
            }
        }
    }

    /// Checks that every source can be read.
    pub(super) const fn check(mut self) -> Result<usize, PolicyError> {
        let mut count = 0;
        while let Some(source) = self.next() {
            ok!(source);
            count += 1;
        }
        Ok(count)
    }
}

/// The sources of a valid directive, in order.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a>(pub(super) SourceList<'a>);

impl<'a> Sources<'a> {
    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_source(&mut self) -> Option<Source<'a>> {
        match self.0.next() {
            Some(Ok(source)) => Some(source),
            // Each was read without an error when the directive was made.
            Some(Err(_)) | None => None,
        }
    }
}

impl<'a> Iterator for Sources<'a> {
    type Item = Source<'a>;

    fn next(&mut self) -> Option<Source<'a>> {
        self.next_source()
    }
}

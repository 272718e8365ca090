//! Directives and sources as they are held, typed or as text, behind one iterator each.
//!
//! A policy comes as slices (a `const` in Rust) or as text (a configuration file, Python). Neither can be turned into
//! the other without a heap, so both are walked by the same iterators and checked by the same code.

use super::view::View;
use super::{Directive, Source};
use crate::dialect::ok;
use crate::grammar;
use crate::headers::PolicyError;

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
    view: View,
}

impl<'a> Directives<'a> {
    pub(super) const fn new(rest: CheckedDirectives<'a>, view: View) -> Self {
        Self { rest, view }
    }

    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_directive(&mut self) -> Option<Directive<'a>> {
        // Each was read without an error when the policy was made.
        while let Some(Ok(directive)) = self.rest.next() {
            if !self.view.leaves_out(directive.name()) {
                return Some(if self.view.without_nonce { directive.without_nonce() } else { directive });
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
    pub(super) const fn check(mut self) -> Result<(), PolicyError> {
        while let Some(source) = self.next() {
            ok!(source);
        }
        Ok(())
    }
}

/// The sources of a valid directive, in order.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    list: SourceList<'a>,
    leave_out: LeaveOut,
}

/// What of a list is not shown.
#[derive(Debug, Clone, Copy)]
enum LeaveOut {
    Nothing,
    /// A nonce and what it switches off; once one source was shown, no `'none'` is due at the end.
    Nonces {
        shown: bool,
    },
}

impl<'a> Sources<'a> {
    pub(super) const fn new(list: SourceList<'a>, without_nonce: bool) -> Self {
        let leave_out = if without_nonce { LeaveOut::Nonces { shown: false } } else { LeaveOut::Nothing };
        Self { list, leave_out }
    }

    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_source(&mut self) -> Option<Source<'a>> {
        // Each was read without an error when the directive was made.
        while let Some(Ok(source)) = self.list.next() {
            match self.leave_out {
                LeaveOut::Nonces { .. } if source.is_nonce() || source.is("'unsafe-inline'") => {}
                LeaveOut::Nonces { .. } => {
                    self.leave_out = LeaveOut::Nonces { shown: true };
                    return Some(source);
                }
                LeaveOut::Nothing => return Some(source),
            }
        }
        match self.leave_out {
            LeaveOut::Nonces { shown: false } => {
                self.leave_out = LeaveOut::Nothing;
                Some(Source::NONE)
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for Sources<'a> {
    type Item = Source<'a>;

    fn next(&mut self) -> Option<Source<'a>> {
        self.next_source()
    }
}

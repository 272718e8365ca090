//! Directives and sources as they are held, typed or as text, behind one iterator each.
//!
//! A policy comes as slices (a `const` in Rust) or as text (a configuration file, Python). Neither can be turned into
//! the other without a heap, so both are walked by the same iterators and checked by the same code.

use super::directive_name::sandbox_flag;
use super::view::View;
use super::{Directive, Source};
use crate::dialect::ok;
use crate::grammar::{self, cut};
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
            DirectiveList::Text(list) => {
                let (directive, after) = first(list, b';');
                if directive.is_empty() {
                    return None;
                }
                self.rest = DirectiveList::Text(after);
                Some(Directive::parse(directive))
            }
        }
    }
}

/// The first item of a list that is not blank, trimmed, and what follows it. Blank ones mean nothing (CSP3, sections 2.2.1 and
/// 2.2.2).
pub(super) const fn first(mut list: &str, separator: u8) -> (&str, &str) {
    while !list.is_empty() {
        let (item, after) = cut(list, grammar::find(list, separator, 0));
        list = cut(after, 1).1;
        if !item.trim_ascii().is_empty() {
            return (item.trim_ascii(), list);
        }
    }
    ("", "")
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
            if !matches!(directive.name(), Some(name) if self.view.leaves_out(name)) {
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
    /// Of a directive that is not checked.
    Unchecked(&'a str),
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
            Self::Text(list) | Self::Unchecked(list) => {
                let (word, after) = first_word(list);
                if word.is_empty() {
                    return None;
                }
                if matches!(self, Self::Text(_)) {
                    *self = Self::Text(after);
                    Some(Source::parse(word))
                } else {
                    *self = Self::Unchecked(after);
                    Some(Source::in_unchecked(word))
                }
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

/// The first word, and what follows it, without white space around. Line breaks are white space too (CSP3, section 2.2.1): a text
/// over several lines is sent as one.
pub(super) const fn first_word(list: &str) -> (&str, &str) {
    let list = list.trim_ascii();
    let mut end = 0;
    let mut rest = list.as_bytes();
    while let [byte, after @ ..] = rest
        && !byte.is_ascii_whitespace()
    {
        (end, rest) = (end + 1, after);
    }
    let (word, after) = cut(list, end);
    (word, after.trim_ascii())
}

/// The sources of a valid directive, in order.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    list: SourceList<'a>,
    leave_out: LeaveOut,
    /// They are flags, which have one spelling.
    flags: bool,
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
    pub(super) const fn new(list: SourceList<'a>, without_nonce: bool, flags: bool) -> Self {
        let leave_out = if without_nonce { LeaveOut::Nonces { shown: false } } else { LeaveOut::Nothing };
        Self { list, leave_out, flags }
    }

    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_source(&mut self) -> Option<Source<'a>> {
        // Each was read without an error when the directive was made.
        while let Some(Ok(source)) = self.list.next() {
            match self.leave_out {
                LeaveOut::Nonces { .. } if source.is_nonce() || source.is_switched_off_by_a_nonce() => {}
                LeaveOut::Nonces { .. } => {
                    self.leave_out = LeaveOut::Nonces { shown: true };
                    return Some(source);
                }
                LeaveOut::Nothing if self.flags && !source.is_unchecked() => {
                    return Some(match sandbox_flag(source.as_str()) {
                        Some(flag) => Source::known(flag),
                        None => source,
                    });
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

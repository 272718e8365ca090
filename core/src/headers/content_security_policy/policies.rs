//! Several policies in one value: a browser enforces each, so together they allow what all of them allow.

use super::lists::{DirectiveList, first};
use super::view::View;
use super::{ContentSecurityPolicy, Directive, DirectiveName};
use crate::dialect::{ok, valid};
use crate::headers::PolicyError;

impl<'a> ContentSecurityPolicy<'a> {
    /// This policy and others, sent in one field line and separated by commas
    /// ([CSP3, section 3.1](https://www.w3.org/TR/CSP3/#csp-header)). A browser enforces each by itself, so a further policy
    /// can only take away.
    ///
    /// ```
    /// use sallet_core::{ContentSecurityPolicy, Directive, Source};
    /// const OURS: ContentSecurityPolicy = ContentSecurityPolicy::new(&[Directive::default_src(&[Source::SELF])]);
    /// const THEIRS: ContentSecurityPolicy = ContentSecurityPolicy::from_text("script-src https:; object-src 'none'");
    /// const BOTH: ContentSecurityPolicy = OURS.and(&[THEIRS]);
    /// assert_eq!(BOTH.to_string(), "default-src 'self', script-src https:; object-src 'none'");
    /// assert_eq!(ContentSecurityPolicy::from_text("default-src 'self', img-src *").policies().count(), 2);
    /// ```
    ///
    /// # Panics
    /// When [`try_and`](Self::try_and) refuses them; in a `const` that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn and(self, others: &'a [Self]) -> Self {
        valid!(self.try_and(others))
    }

    /// This policy and others, each with the views that it has, and with those of this one.
    ///
    /// # Errors
    /// [`NestedPolicies`](PolicyError::NestedPolicies) when `and` has been called on one of them before,
    /// [`TooManyNonces`](PolicyError::TooManyNonces).
    pub const fn try_and(mut self, others: &'a [Self]) -> Result<Self, PolicyError> {
        let mut nested = !self.others.is_empty();
        let mut rest = others;
        while let [other, after @ ..] = rest {
            nested |= !other.others.is_empty();
            rest = after;
        }
        if nested {
            return Err(PolicyError::NestedPolicies);
        }
        self.others = others;
        ok!(self.check_nonces());
        Ok(self)
    }

    /// Each policy by itself. A policy of which a view leaves nothing is not among them.
    pub const fn policies(&self) -> Policies<'a> {
        Policies { rest: self.list, view: self.view, of_all: self.view, others: self.others }
    }

    /// The first directive of that name, in any of the policies.
    pub(crate) const fn any_directive(&self, name: DirectiveName) -> Option<Directive<'a>> {
        let mut policies = self.policies();
        while let Some(policy) = policies.next_policy() {
            if let Some(directive) = policy.directive(name) {
                return Some(directive);
            }
        }
        None
    }
}

/// The policies of a value, in order.
#[derive(Debug, Clone, Copy)]
pub struct Policies<'a> {
    rest: DirectiveList<'a>,
    /// What of `rest` is sent.
    view: View,
    /// What of each is sent.
    of_all: View,
    others: &'a [ContentSecurityPolicy<'a>],
}

impl<'a> Policies<'a> {
    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_policy(&mut self) -> Option<ContentSecurityPolicy<'a>> {
        loop {
            let Some(list) = self.rest.next_policy() else {
                let [other, others @ ..] = self.others else { return None };
                (self.rest, self.others) = (other.list, others);
                self.view = self.of_all.and(other.view);
                continue;
            };
            let policy = ContentSecurityPolicy { list, others: &[], view: self.view };
            if policy.directives().next_directive().is_some() {
                return Some(policy);
            }
        }
    }
}

impl<'a> Iterator for Policies<'a> {
    type Item = ContentSecurityPolicy<'a>;

    fn next(&mut self) -> Option<ContentSecurityPolicy<'a>> {
        self.next_policy()
    }
}

impl DirectiveList<'_> {
    /// Takes the directives of one policy off those of several.
    pub(super) const fn next_policy(&mut self) -> Option<Self> {
        match *self {
            Self::Typed([]) => None,
            Self::Typed(_) => Some(core::mem::replace(self, Self::Typed(&[]))),
            Self::Text(list) => {
                let (policy, after) = first(list, b',');
                *self = Self::Text(after);
                if policy.is_empty() { None } else { Some(Self::Text(policy)) }
            }
        }
    }
}

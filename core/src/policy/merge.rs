//! Joining a policy with the fields that the app has set itself.

use core::ops::Deref;

use super::{MAX_FIELDS, SecurityHeaders};
use crate::grammar;
use crate::headers::{self, PolicyError, forbids_sharing, removable, targeted_forbids_sharing};
use crate::nonce::Nonce;

/// Who wins where the app has set a header of the policy's itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precedence {
    /// The app's stays as it is.
    #[default]
    App,
    /// The policy's takes its place.
    Policy,
}

/// How a policy meets an app's own fields: who wins, and what the app may not send at all.
///
/// `R` is where the names are: `&'static [&'static str]`, `Vec<String>`, anything that dereferences to a slice of strings.
#[derive(Debug, Clone, Copy)]
pub struct MergeRules<R = &'static [&'static str]> {
    precedence: Precedence,
    remove: R,
}

impl MergeRules {
    /// What is taken off every response unless something else is said: what it tells a stranger helps nobody else.
    pub const REMOVED: &'static [&'static str] = &["server", "x-powered-by"];

    /// The app wins, and [`REMOVED`](Self::REMOVED) goes.
    pub const DEFAULT: Self = Self { precedence: Precedence::App, remove: Self::REMOVED };
}

impl<R, N> MergeRules<R>
where
    R: Deref<Target = [N]>,
    N: AsRef<str>,
{
    /// Rules with other names, in lower case, of what goes.
    ///
    /// # Errors
    /// What [`removable`] says of the first bad name.
    pub fn try_new(precedence: Precedence, remove: R) -> Result<Self, PolicyError> {
        for name in remove.iter() {
            removable(name.as_ref())?;
        }
        Ok(Self { precedence, remove })
    }

    /// Whether fields of this name go, whatever its case.
    pub fn removes(&self, name: &[u8]) -> bool {
        self.remove.iter().any(|removed| removed.as_ref().as_bytes().eq_ignore_ascii_case(name))
    }
}

impl<R> MergeRules<R> {
    /// Who wins.
    pub const fn precedence(&self) -> Precedence {
        self.precedence
    }

    /// The names of what goes.
    pub const fn remove(&self) -> &R {
        &self.remove
    }
}

/// The fields of a policy, in the order in which they are sent: a [`SecurityHeaders`], or what a host has made ready of one.
pub trait PolicyFields {
    /// How many there are, at most [`SecurityHeaders::MAX_FIELDS`].
    fn count(&self) -> usize;

    /// Which one has this name, whatever its case.
    fn position(&self, name: &[u8]) -> Option<usize>;

    /// Whether there is a nonce in that one.
    fn has_nonce(&self, at: usize) -> bool;
}

impl PolicyFields for SecurityHeaders<'_> {
    fn count(&self) -> usize {
        self.fields().count()
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.fields().position(|field| field.name().as_bytes().eq_ignore_ascii_case(name))
    }

    fn has_nonce(&self, at: usize) -> bool {
        self.fields().nth(at).is_some_and(|field| field.needs_nonce())
    }
}

/// What becomes of one field line of the app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// It is sent as it is.
    Keep,
    /// It is sent, and another line of the same name that says `private`.
    KeepPrivate,
    /// It is not sent.
    Drop,
}

/// The joining of one response: is given the app's field lines one by one, and then tells which fields of the policy to add.
///
/// It owns every decision about that. A field of the app's own stays, or with [`Precedence::Policy`] gives way to the policy's; it
/// never stands beside it. What [`MergeRules`] remove goes. All other lines stay, each `Set-Cookie` too.
///
/// A response with a nonce is for one reader. A policy with a nonce says so itself (`cache-control: private`); where the app's own
/// `Cache-Control` stands instead and lets shared caches in, or one of the fields that caches look at first does ([RFC
/// 9213](https://www.rfc-editor.org/rfc/rfc9213): `CDN-Cache-Control` and others that end so), a line `private` joins it, and caches
/// obey the strictest directive (RFC 9111 section 4.2.1).
///
/// A 304 carries no nonce ([`Nonce::fits`]): the policy's fields with one are left off, and the stored page keeps its own. A layer
/// further out must not put its own there, so what was left off is told to it: [`leaves_off`](Self::leaves_off) and
/// [`left_off`](Self::left_off).
///
/// ```
/// use sallet_core::merge::{Merge, MergeRules, Own};
/// use sallet_core::{CacheControl, SecurityHeaders, XFrameOptions};
///
/// let policy = SecurityHeaders::EMPTY
///     .x_frame_options(Some(XFrameOptions::Deny))
///     .cache_control(Some(CacheControl::NO_STORE));
/// let mut merge = Merge::new(&policy, &MergeRules::DEFAULT, 200);
/// // With a nonce in the policy there is `Own::KeepPrivate` too, and at the end `merge.is_private()`: lines `PRIVATE` then.
/// assert_eq!(merge.own(b"Server", b"uvicorn"), Own::Drop);
/// assert_eq!(merge.own(b"X-Frame-Options", b"SAMEORIGIN"), Own::Keep);
/// let added: Vec<_> = merge.additions().map(|at| policy.fields().nth(at).unwrap().name()).collect();
/// assert_eq!(added, ["cache-control"]);
/// ```
#[derive(Debug)]
pub struct Merge<'m, F: ?Sized, R> {
    fields: &'m F,
    rules: &'m MergeRules<R>,
    /// Whether the response takes no nonce.
    bare: bool,
    needs_nonce: bool,
    /// Whether a layer further in has put one there.
    has_nonce: bool,
    /// The policy's fields that are not to be added.
    kept: Slots,
    caching: Caching,
}

/// What the app's own `Cache-Control` says of shared caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caching {
    Unsaid,
    Shared,
    Unshared,
}

impl<'m, F, R, N> Merge<'m, F, R>
where
    F: PolicyFields + ?Sized,
    R: Deref<Target = [N]>,
    N: AsRef<str>,
{
    /// The joining for a response of this status.
    pub fn new(fields: &'m F, rules: &'m MergeRules<R>, status: u16) -> Self {
        let needs_nonce = (0..fields.count()).any(|at| fields.has_nonce(at));
        let bare = !Nonce::fits(status);
        Self { fields, rules, bare, needs_nonce, has_nonce: false, kept: Slots::NONE, caching: Caching::Unsaid }
    }

    /// Says that a layer further in has put a nonce into the response. What that one says of caches may go, and then the
    /// response is made private all the same.
    #[must_use]
    pub const fn beside_nonce(self, has_nonce: bool) -> Self {
        Self { has_nonce: has_nonce && !self.needs_nonce, ..self }
    }

    /// Decides about one field line of the app's. The name may be in any case and have blanks around it, which some servers
    /// take off as they send it.
    pub fn own(&mut self, name: &[u8], value: &[u8]) -> Own {
        let name = grammar::trim_bytes(name);
        let is_cache_control = name.eq_ignore_ascii_case(CACHE_CONTROL.as_bytes());
        if self.rules.removes(name) || self.claims(name) {
            if self.has_nonce && is_cache_control {
                self.caching = Caching::Shared;
            }
            return Own::Drop;
        }
        if !self.needs_nonce {
            return Own::Keep;
        }
        if is_cache_control {
            if self.caching != Caching::Unshared {
                self.caching = if forbids_sharing(value) { Caching::Unshared } else { Caching::Shared };
            }
        } else if is_targeted(name) && !core::str::from_utf8(value).is_ok_and(targeted_forbids_sharing) {
            return Own::KeepPrivate;
        }
        Own::Keep
    }

    /// Whether the policy's field of this name wins; if there is one and it does not, it is not added.
    fn claims(&mut self, name: &[u8]) -> bool {
        match (self.fields.position(name), self.rules.precedence) {
            (None, _) => false,
            (Some(_), Precedence::Policy) => true,
            (Some(at), Precedence::App) => {
                self.kept.insert(at);
                false
            }
        }
    }

    /// Takes note of a field that a layer further in has left off this 304, and tells whether it stays so: then it is to be told
    /// to the layer around as well.
    pub fn left_off(&mut self, name: &[u8]) -> bool {
        self.bare && !self.rules.removes(name) && !self.claims(name)
    }

    /// The policy's fields to add, by their number, once all of the app's were seen.
    pub fn additions(&self) -> impl Iterator<Item = usize> + use<'_, 'm, F, R, N> {
        (0..self.fields.count()).filter(|&at| !(self.kept.contains(at) || self.bare && self.fields.has_nonce(at)))
    }

    /// The policy's fields that a 304 goes without because of their nonce.
    pub fn leaves_off(&self) -> impl Iterator<Item = usize> + use<'_, 'm, F, R, N> {
        (0..self.fields.count()).filter(|&at| self.bare && !self.kept.contains(at) && self.fields.has_nonce(at))
    }

    /// Whether a line [`PRIVATE`] is to be added beside the app's own `Cache-Control`.
    pub fn is_private(&self) -> bool {
        self.caching == Caching::Shared
    }
}

const CACHE_CONTROL: &str = "cache-control";

/// The line that keeps shared caches off: its name, and its value, which is that of [`Own::KeepPrivate`] too.
pub const PRIVATE: (&str, &str) = (CACHE_CONTROL, "private");

/// Whether a name is one of a targeted field ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213), section 2.1): for hosts that
/// look at names before they show them to a [`Merge`].
pub const fn is_targeted(name: &[u8]) -> bool {
    headers::is_targeted(name)
}

/// A set of fields of a policy.
#[derive(Debug, Clone, Copy)]
struct Slots([u32; MAX_FIELDS / 32]);

impl Slots {
    const NONE: Self = Self([0; MAX_FIELDS / 32]);

    fn insert(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 32) {
            *word |= 1 << (at % 32);
        }
    }

    fn contains(&self, at: usize) -> bool {
        self.0.get(at / 32).is_some_and(|word| word & 1 << (at % 32) != 0)
    }
}

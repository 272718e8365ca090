//! Joining a policy with the fields that the app has set itself.

mod caching;
mod for_one;
mod rules;

use caching::Caching;
pub use caching::{PRIVATE, is_caching, lets_caches_share, made_private};
pub use for_one::{ForOne, Privacy};
pub use rules::{MergeRules, Precedence};

use core::ops::Deref;

use super::{FieldKind, MAX_FIELDS, NonceForm, SecurityHeaders};
use crate::grammar;
use crate::headers::holds_placeholder;
use crate::nonce::{NONCE_LEN, Nonce};

/// The fields of a policy, in the order in which they are sent: a [`SecurityHeaders`], or what a host has made ready of one.
pub trait PolicyFields {
    /// How many there are, at most [`SecurityHeaders::MAX_FIELDS`].
    fn count(&self) -> usize;

    /// Which one has this name, whatever its case.
    fn position(&self, name: &[u8]) -> Option<usize>;

    /// What [`Field::kind`](super::Field::kind) says of that one.
    fn kind(&self, at: usize) -> FieldKind;
}

impl PolicyFields for SecurityHeaders<'_> {
    fn count(&self) -> usize {
        self.fields().count()
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.fields().position(|field| field.name().as_bytes().eq_ignore_ascii_case(name))
    }

    fn kind(&self, at: usize) -> FieldKind {
        self.fields().nth(at).map_or(FieldKind::Plain, |field| field.kind())
    }
}

/// What becomes of one field line of the app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// It is sent as it is.
    Keep,
    /// It is sent, and lets shared caches in: [made private](made_private) where [`Merge::makes_private`] says so at the end.
    KeepShared,
    /// It is a policy that holds the placeholder of a nonce, as its text has it: what
    /// [`ContentSecurityPolicy::own`](crate::ContentSecurityPolicy::own) makes of it is sent, unless that is nothing. It is given the nonce
    /// where the form is [`NonceForm::Fresh`].
    Fill,
    /// It is not sent.
    Drop,
    /// It is not sent, because the stored page has it with the nonce of its own. Its name is told to the layer around, as those of
    /// [`Merge::leaves_off`] are.
    LeaveOff,
}

/// Which of the two policies that browsers intersect come from a layer of Sallet: handed from a layer to the one around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent(u8);

impl Sent {
    /// What a layer has sent that has added all of its policy to a response with neither.
    pub fn all(fields: &(impl PolicyFields + ?Sized)) -> Self {
        let mut sent = Self(0);
        for name in POLICIES.map(str::as_bytes) {
            sent.set(name, fields.position(name).is_some());
        }
        sent
    }

    const fn bit(name: &[u8]) -> u8 {
        match policy_of(name) {
            Some(at) => 1 << at,
            None => 0,
        }
    }

    const fn has(self, name: &[u8]) -> bool {
        self.0 & Self::bit(name) != 0
    }

    const fn set(&mut self, name: &[u8], sent: bool) {
        if sent {
            self.0 |= Self::bit(name);
        } else {
            self.0 &= !Self::bit(name);
        }
    }
}

/// The headers of which a response may have several that are all in force (CSP3 section 8.1), and that hold nonces.
const POLICIES: [&str; 2] = ["content-security-policy", "content-security-policy-report-only"];

const fn policy_of(name: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < POLICIES.len() {
        if name.eq_ignore_ascii_case(POLICIES[at].as_bytes()) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The joining of one response: is given the app's field lines one by one, and then tells which fields of the policy to add.
///
/// It owns every decision about that. A field of the app's own stays, or with [`Precedence::Policy`] gives way to the policy's; it
/// is never sent next to it, but for the two policies under [`Precedence::Add`]. What [`MergeRules`] remove goes. All other lines stay,
/// each `Set-Cookie` too.
///
/// A response with a nonce is for one reader, whether the nonce is in this policy, in that of a layer further in or in one that the app
/// has written itself. A policy with a nonce says so itself (`cache-control: private`). Where the app's own `Cache-Control`, or a field
/// that some caches look at first ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213)), or one that a layer around adds lets shared
/// caches in, it is [made private](made_private).
///
/// The host asks [`NonceForm::of`] first, and gives the fields of [`SecurityHeaders::without_nonce`] where it says
/// [`WithoutNonce`](NonceForm::WithoutNonce). A 304 carries no nonce: the policy's fields with one are left off, and the stored page
/// keeps its own. A layer further out must not put its own there, so what was left off is told to it:
/// [`leaves_off`](Self::leaves_off) and [`left_off`](Self::left_off).
///
/// ```
/// use sallet_core::merge::{Merge, MergeRules, Own};
/// use sallet_core::{CacheControl, NonceForm, SecurityHeaders, XFrameOptions};
///
/// let policy = SecurityHeaders::EMPTY
///     .x_frame_options(Some(XFrameOptions::Deny))
///     .cache_control(Some(CacheControl::NO_STORE));
/// let form = NonceForm::of(200, ["text/html"]);
/// let mut merge = Merge::new(&policy, &MergeRules::DEFAULT, form);
/// // With a nonce there is more to do: `Own::KeepShared`, and at the end `merge.adds_private()`.
/// assert_eq!(merge.own(b"Server", b"uvicorn"), Own::Drop);
/// assert_eq!(merge.own(b"X-Frame-Options", b"SAMEORIGIN"), Own::Keep);
/// let added: Vec<_> = merge.additions().map(|at| policy.fields().nth(at).unwrap().name()).collect();
/// assert_eq!(added, ["cache-control"]);
/// ```
#[derive(Debug)]
pub struct Merge<'m, F: ?Sized, R> {
    fields: &'m F,
    rules: &'m MergeRules<R>,
    form: NonceForm,
    /// The one that the app could see.
    nonce: Option<&'m Nonce>,
    /// Whether a line that was kept has it.
    in_own: bool,
    /// The policy's fields that are not to be added.
    kept: Slots,
    /// Of those, the ones that a layer further in has sent or left off.
    inside: Slots,
    sent: Sent,
    caching: Caching,
}

impl<'m, F, R, N> Merge<'m, F, R>
where
    F: PolicyFields + ?Sized,
    R: Deref<Target = [N]>,
    N: AsRef<str>,
{
    /// The joining for a response that takes this form.
    pub const fn new(fields: &'m F, rules: &'m MergeRules<R>, form: NonceForm) -> Self {
        Self {
            fields,
            rules,
            form,
            nonce: None,
            in_own: false,
            kept: Slots::NONE,
            inside: Slots::NONE,
            sent: Sent(0),
            caching: Caching::UNSAID,
        }
    }

    /// Says which nonce belongs to the request, if one was drawn: it may be in a policy that a layer further in has sent, or that the
    /// app has written itself.
    #[must_use]
    pub const fn with_nonce(self, nonce: Option<&'m Nonce>) -> Self {
        Self { nonce, ..self }
    }

    /// Says what layers further in have [sent](Self::sent).
    #[must_use]
    pub fn around(self, sent: Sent) -> Self {
        if sent == Sent::default() {
            return self;
        }
        let mut stays = sent;
        for name in POLICIES.map(str::as_bytes) {
            let replaced = self.rules.precedence() == Precedence::Policy && self.fields.position(name).is_some();
            if replaced || self.rules.removes(name) {
                stays.set(name, false);
            }
        }
        Self { sent: stays, ..self }
    }

    /// Decides about one field line of the app's. The name may be in any case and have blanks around it, which some servers
    /// take off as they send it.
    pub fn own(&mut self, name: &[u8], value: &[u8]) -> Own {
        let name = grammar::trim_bytes(name);
        if self.rules.removes(name) {
            return Own::Drop;
        }
        let is_policy = policy_of(name).is_some();
        let position = self.fields.position(name);
        match (position, self.rules.precedence()) {
            (None, _) => {}
            (Some(_), Precedence::Policy) => return Own::Drop,
            (Some(at), Precedence::Add) if is_policy && !self.sent.has(name) => {
                // Of the stored page's two, this line would replace both (RFC 9111 section 3.2); `leaves_off` tells of them.
                if self.form == NonceForm::LeftOff && self.fields.kind(at) == FieldKind::Nonce {
                    return Own::Drop;
                }
            }
            (Some(at), _) => {
                self.kept.insert(at);
                if self.sent.has(name) {
                    self.inside.insert(at);
                }
            }
        }
        if is_policy {
            self.own_policy(position, value)
        } else if is_caching(name) {
            self.own_caching(name, value)
        } else {
            Own::Keep
        }
    }

    fn own_policy(&mut self, position: Option<usize>, value: &[u8]) -> Own {
        let to_fill = holds_placeholder(value);
        let has_nonce = self.nonce.is_some_and(|nonce| value.windows(NONCE_LEN).any(|part| part == nonce.as_bytes()));
        if self.form == NonceForm::LeftOff && (to_fill || has_nonce) {
            if let Some(at) = position {
                self.kept.insert(at);
                self.inside.insert(at);
            }
            return Own::LeaveOff;
        }
        if to_fill {
            self.in_own |= self.form == NonceForm::Fresh && self.nonce.is_some();
            return Own::Fill;
        }
        self.in_own |= has_nonce;
        Own::Keep
    }

    fn own_caching(&mut self, name: &[u8], value: &[u8]) -> Own {
        let shared = lets_caches_share(name, value);
        let decides = !name.eq_ignore_ascii_case(CACHE_CONTROL.as_bytes()) || self.caching.line(value, shared);
        if shared && decides { Own::KeepShared } else { Own::Keep }
    }

    /// Takes note of a field that a layer further in has left off this 304, and tells whether it stays so: then it is to be told
    /// to the layer around as well.
    pub fn left_off(&mut self, name: &[u8]) -> bool {
        if self.form != NonceForm::LeftOff || self.rules.removes(name) {
            return false;
        }
        match self.fields.position(name) {
            Some(_) if self.rules.precedence() == Precedence::Policy => false,
            Some(at) => {
                self.kept.insert(at);
                self.inside.insert(at);
                true
            }
            None => true,
        }
    }

    /// The policy's fields to add, by their number, once all of the app's were seen. One that [`makes_private`](Self::makes_private)
    /// names is made so.
    pub fn additions(&self) -> impl Iterator<Item = usize> + use<'_, 'm, F, R, N> {
        self.wanted().filter(|&at| match self.fields.kind(at) {
            FieldKind::Plain | FieldKind::Shared => true,
            FieldKind::Nonce => self.form != NonceForm::LeftOff,
            FieldKind::Private => self.has_nonce(),
        })
    }

    /// The policy's fields that a 304 goes without because of a nonce.
    pub fn leaves_off(&self) -> impl Iterator<Item = usize> + use<'_, 'm, F, R, N> {
        self.wanted().filter(|&at| {
            self.form == NonceForm::LeftOff
                && match self.fields.kind(at) {
                    FieldKind::Plain | FieldKind::Shared => false,
                    FieldKind::Nonce => true,
                    FieldKind::Private => self.adds_nonce(),
                }
        })
    }

    /// The policy's fields that are not sent because the app has set its own.
    pub fn displaced(&self) -> impl Iterator<Item = usize> + use<'_, 'm, F, R, N> {
        (0..self.fields.count()).filter(|&at| self.kept.contains(at) && !self.inside.contains(at))
    }

    fn wanted(&self) -> impl Iterator<Item = usize> + use<'_, 'm, F, R, N> {
        (0..self.fields.count()).filter(|&at| !self.kept.contains(at))
    }

    /// Whether a field of the policy's that has a nonce is added, or would be but for the 304.
    fn adds_nonce(&self) -> bool {
        self.wanted().any(|at| self.fields.kind(at) == FieldKind::Nonce)
    }

    /// Whether the response has a nonce, once all of the app's fields were seen.
    pub fn has_nonce(&self) -> bool {
        self.form != NonceForm::LeftOff && (self.in_own || self.adds_nonce())
    }

    /// Whether a line of this name that [lets caches share](lets_caches_share) is to be made private: one that was
    /// [`Own::KeepShared`], or one of the policy's.
    pub fn makes_private(&self, name: &[u8]) -> bool {
        let said = name.eq_ignore_ascii_case(CACHE_CONTROL.as_bytes()) && self.caching.forbids_sharing();
        !said && self.has_nonce()
    }

    /// Whether a line [`PRIVATE`] is to be added: neither the app nor the policy says anything of caches.
    pub fn adds_private(&self) -> bool {
        self.caching == Caching::UNSAID && self.fields.position(CACHE_CONTROL.as_bytes()).is_none() && self.has_nonce()
    }

    /// What is to be told to the layer around.
    pub fn sent(&self) -> Sent {
        let mut sent = self.sent;
        for name in POLICIES.map(str::as_bytes) {
            // One that is left off was sent with the page.
            if self.fields.position(name).is_some_and(|at| !self.kept.contains(at)) {
                sent.set(name, true);
            }
        }
        sent
    }
}

const CACHE_CONTROL: &str = "cache-control";

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

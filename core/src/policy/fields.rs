//! The policy as fields: names and values, for hosts that keep headers in a map or a list.

use super::merge::{PRIVATE, lets_caches_share};
use super::{NAMES, SecurityHeaders, Slot};
use crate::cursor::{self, BufferTooSmall, Cursor};
use crate::grammar;
use crate::nonce::NonceSlots;
use crate::unchecked::Marked;

/// The fields of a policy, in the order in which they are sent.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'p, 'a> {
    policy: &'p SecurityHeaders<'a>,
    slot: usize,
}

/// One field: a name in lower case, and a value that is rendered when asked for.
#[derive(Debug, Clone, Copy)]
pub struct Field<'p, 'a> {
    policy: &'p SecurityHeaders<'a>,
    slot: usize,
}

/// What of a field decides how it is joined with an app's own: [`merge`](crate::merge) asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Nothing.
    Plain,
    /// It holds a nonce.
    Nonce,
    /// It is the `Cache-Control: private` that follows from a nonce, and goes where that goes.
    Private,
    /// It lets shared caches keep the response. The policy has no nonce then ([`SecurityHeaders::check`]), but a layer further in may.
    Shared,
}

impl<'a> SecurityHeaders<'a> {
    /// The fields, in the order in which they are sent.
    ///
    /// ```
    /// use sallet_core::SecurityHeaders;
    /// let mut fields = SecurityHeaders::CLASSIC.fields();
    /// let csp = fields.next().unwrap();
    /// let mut buf = [0; 32];
    /// assert_eq!(csp.name(), "content-security-policy");
    /// assert_eq!(csp.write_value(&mut buf).unwrap().0, "default-src 'self'");
    /// assert_eq!(fields.count(), 6);
    /// ```
    pub const fn fields(&self) -> Fields<'_, 'a> {
        Fields { policy: self, slot: 0 }
    }
}

impl<'p, 'a> Fields<'p, 'a> {
    /// [`Iterator::next`], for a `const fn`.
    pub const fn next_field(&mut self) -> Option<Field<'p, 'a>> {
        while self.slot < NAMES.len() + self.policy.custom.len() {
            let slot = self.slot;
            self.slot += 1;
            if self.policy.is_sent(slot) {
                return Some(Field { policy: self.policy, slot });
            }
        }
        None
    }
}

impl<'p, 'a> Iterator for Fields<'p, 'a> {
    type Item = Field<'p, 'a>;

    fn next(&mut self) -> Option<Field<'p, 'a>> {
        self.next_field()
    }
}

impl<'a> Field<'_, 'a> {
    /// The name, in lower case.
    pub const fn name(&self) -> &'a str {
        if self.slot < NAMES.len() { NAMES[self.slot] } else { self.policy.custom[self.slot - NAMES.len()].name() }
    }

    /// Whether there is a nonce in it.
    pub const fn needs_nonce(&self) -> bool {
        let mut out = Cursor::new(&mut []);
        self.render_value(&mut out);
        !out.slots().is_empty()
    }

    /// What of it decides how it is joined with an app's own.
    pub fn kind(&self) -> FieldKind {
        if self.needs_nonce() {
            return FieldKind::Nonce;
        }
        let name = self.name();
        let value = match self.slot.checked_sub(NAMES.len()) {
            Some(custom) => self.policy.custom[custom].value(),
            None if grammar::eq(name, PRIVATE.0) => match &self.policy.cache_control {
                Slot::Checked(value) => value.as_str(),
                Slot::Unchecked(text) => text,
                // It is sent all the same: it follows from a nonce.
                Slot::Unset => return FieldKind::Private,
            },
            None => return FieldKind::Plain,
        };
        if lets_caches_share(name.as_bytes(), value.as_bytes()) { FieldKind::Shared } else { FieldKind::Plain }
    }

    /// The exact length of the value in bytes.
    pub const fn value_len(&self) -> usize {
        let mut out = Cursor::new(&mut []);
        self.render_value(&mut out);
        out.written()
    }

    /// Writes the value into `buf`, and gives it with the places where a nonce goes: fill each copy of the text with
    /// [`NonceSlots::fill`] before it is sent.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the size that is needed.
    pub const fn write_value<'b>(&self, buf: &'b mut [u8]) -> Result<(&'b str, NonceSlots), BufferTooSmall> {
        let mut out = Cursor::new(buf);
        self.render_value(&mut out);
        let slots = out.slots();
        match out.finish() {
            Ok(bytes) => Ok((super::block::ascii(bytes), slots)),
            Err(error) => Err(error),
        }
    }

    /// The value as [`SecurityHeaders::with`] reads it again: with the marks of what is unchecked, which are not sent.
    pub const fn marked(&self) -> Marked<Self> {
        Marked(*self)
    }

    pub(super) const fn render_value(&self, out: &mut Cursor<'_>) {
        self.policy.render_value(self.slot, out);
    }
}

/// The value; where a nonce goes, a text that no browser takes for one.
impl core::fmt::Display for Field<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        cursor::display(f, |out| self.render_value(out))
    }
}

impl core::fmt::Display for Marked<Field<'_, '_>> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        cursor::display_marked(f, |out| self.0.render_value(out))
    }
}
